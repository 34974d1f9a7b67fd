import type { Log } from '@phonevoice/base'
import { greetingClauses } from '@phonevoice/conversation'
import type { TtsTokens } from '@phonevoice/providers/contract'
import type { CallForSession } from '@phonevoice/services/calls'
import type { CallProviders } from './call-providers.ts'
import { toConversationSettings } from './conversation-settings.ts'
import { type SpeechUsage, usageOfText, usageOfTokens } from './effects/speech-usage.ts'
import { phraseKey, synthesiseMulaw } from './effects/voice.ts'
import type { PhraseCache } from './phrase-cache.ts'

/** Longest a greeting may take to synthesise ahead; the phone has been answered by then. */
const PREPARE_TIMEOUT_MS = 15_000

/**
 * While the phone rings: synthesises what will be said first, so that the person who answers hears it at once. Where that is known already, or nothing is
 * said first, it opens the voice's connection for the first answer; and the model's always. A failure here only means that it happens when it is needed. Who
 * speaks the greeting pays for it: a call that nobody answers is not charged.
 */
export async function prepareCall(
  call: CallForSession,
  providers: CallProviders,
  phrases: PhraseCache,
  log: Log,
): Promise<void> {
  const warmed = providers.answers[0]?.llm.warm?.()
  const voice = providers.voices[0]
  if (!voice) return
  const settings = toConversationSettings(call.assistant, call.variables, { maxDurationMs: 0 })
  const signal = AbortSignal.timeout(PREPARE_TIMEOUT_MS)
  let isConnected = false
  try {
    for (const text of greetingClauses(settings)) {
      const key = phraseKey(call.organizationId, voice.tts, voice.speed, text)
      if (phrases.get(key)) continue
      isConnected = true
      const pieces: Uint8Array[] = []
      const unbilled: SpeechUsage[] = usageOfText(voice.tts, text)
      const request = {
        text,
        speed: voice.speed,
        language: call.assistant.language,
        signal,
        onTokens: (tokens: TtsTokens) => unbilled.push(...usageOfTokens(tokens)),
      }
      for await (const mulaw of synthesiseMulaw(voice.tts, request)) pieces.push(mulaw)
      if (signal.aborted) return
      phrases.set(key, Buffer.concat(pieces), unbilled)
    }
    // A voice with a connection of its own opens it with the session; those that share the process's would otherwise meet the first answer cold.
    if (!isConnected && !voice.tts.close) await voice.tts.warm()
  } catch (error) {
    log.warn('the greeting could not be prepared', { callId: call.callId, error })
  }
  await warmed
}
