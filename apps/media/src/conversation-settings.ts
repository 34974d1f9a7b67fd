import type { AssistantSettings } from '@phonevoice/contracts'
import type { ConversationSettings } from '@phonevoice/conversation'
import { renderTemplate } from './template.ts'
import { toToolSettings } from './tool-settings.ts'

type Variables = Readonly<Record<string, string | number | boolean>>

/** What the conversation machine needs of an assistant, with the call's variables put in. */
export function toConversationSettings(
  assistant: AssistantSettings,
  variables: Variables,
  limits: { maxDurationMs: number },
): ConversationSettings {
  const render = (text: string | null): string | null =>
    text === null ? null : renderTemplate(text, variables)
  const { end_of_turn, interruption } = assistant.turn_taking
  return {
    language: assistant.language,
    disclosure: render(assistant.disclosure),
    firstMessage: render(assistant.first_message),
    endOfTurn: {
      minMs: end_of_turn.min_ms,
      maxMs: end_of_turn.max_ms,
      isAdaptive: end_of_turn.adaptive,
    },
    earlyThinking: assistant.turn_taking.early_thinking.enabled,
    fillerAfterMs: assistant.llm.filler_after_ms,
    interruption: {
      enabled: interruption.enabled,
      firstMessage: interruption.first_message,
      minSpeechMs: interruption.min_speech_ms,
      minWords: interruption.min_words,
      ignorePhrases: interruption.ignore_phrases,
      stopPhrases: interruption.stop_phrases,
    },
    silence: {
      reprompt: render(assistant.silence.reprompt),
      timeoutMs: assistant.silence.timeout_seconds * 1000,
      maxReprompts: assistant.silence.max_reprompts,
    },
    endCall: { phrases: assistant.end_call.phrases, message: render(assistant.end_call.message) },
    keypad: {
      maxDigits: assistant.keypad.max_digits,
      terminator: assistant.keypad.terminator,
      timeoutMs: assistant.keypad.timeout_seconds * 1000,
    },
    tools: toToolSettings(assistant.tools),
    maxDurationMs: limits.maxDurationMs,
    apology: null,
  }
}
