import type { Log, Timers } from '@phonevoice/base'
import type { HistoryMessage } from '@phonevoice/conversation'
import type {
  LlmMessage,
  LlmPart,
  LlmProvider,
  LlmTool,
  LlmToolCall,
  LlmUsage,
} from '@phonevoice/providers/contract'
import { firstToAnswer } from './first-to-answer.ts'
import { createOrderOfPreference } from './order-of-preference.ts'

export interface AnswersOptions {
  /** The first is asked; the next ones, in order, when it fails or keeps the caller waiting before its first word. */
  providers: readonly { llm: LlmProvider; temperature: number | null; firstTokenTimeoutMs: number }[]
  instructions: string
  /** What the model may call. */
  tools: readonly LlmTool[]
  callId: string
  user: string
  metadata: Readonly<Record<string, string>>
  onText(responseId: string, text: string): void
  /** The model waits for these; `onFinished` follows. Their ids are the model's own. */
  onTools(responseId: string, calls: readonly LlmToolCall[]): void
  onFinished(responseId: string): void
  /** Words have come, and no more will. */
  onBrokenOff(responseId: string): void
  onFailed(responseId: string): void
  /** `isWasted`: an answer begun early that was not used. */
  onUsage(llm: LlmProvider, usage: LlmUsage, isWasted: boolean): void
  timers: Timers
  log: Log
}

/** About ten minutes of speech. A model that goes on for ever must not fill the process's memory; what it has said is its answer. */
export const ANSWER_CHARACTERS_MAX = 10_000
/** Longest silence between two tokens before an answer counts as broken off. */
const INTER_TOKEN_TIMEOUT_MS = 2000
/** How long a model with a fallback is waited for before the fallback is asked, too. */
const HEAD_START_MS = 1500
/** How long a model that failed is asked last. */
const AVOID_MS = 30_000
/** A common rule of thumb, for answers that were stopped before their vendor said what they cost. */
const CHARACTERS_PER_TOKEN = 4
/** Roles and separators around each message. */
const TOKENS_PER_MESSAGE = 4

/** The assistant's thoughts: one streamed answer per response id. */
export interface Answers {
  start(responseId: string, history: readonly HistoryMessage[], how: AnswerKind): void
  /** An answer begun early is the one. */
  adopt(responseId: string): void
  /** Ends the request; nothing more is reported for this response but what it used. */
  cancel(responseId: string): void
  close(): void
}

export interface AnswerKind {
  /** Nobody waits for it yet; it is paid for as wasted unless it is adopted. */
  isEarly: boolean
  /** It must do without tools. */
  areToolsOff?: boolean
}

interface Answer {
  responseId: string
  controller: AbortController
  isEarly: boolean
  areToolsOff: boolean
  /** Its stream has ended. */
  isOver: boolean
  /** Usage of an answer begun early, until it is known what it was for. */
  withheld: { llm: LlmProvider; usage: LlmUsage }[]
}

export function createAnswers(options: AnswersOptions): Answers {
  const { log } = options
  const running = new Map<string, Answer>()
  const order = createOrderOfPreference(options.providers.length, AVOID_MS, () => options.timers.now())

  function report(answer: Answer, llm: LlmProvider, usage: LlmUsage): void {
    if (answer.isEarly && running.get(answer.responseId) === answer) answer.withheld.push({ llm, usage })
    else options.onUsage(llm, usage, answer.isEarly)
  }

  function settleUsage(answer: Answer): void {
    for (const { llm, usage } of answer.withheld.splice(0)) options.onUsage(llm, usage, answer.isEarly)
  }

  /** One model's stream. Whatever ends it, what it used is reported once: its own figures, or an estimate when it was stopped. */
  async function* ask(
    answer: Answer,
    { llm, temperature, firstTokenTimeoutMs }: AnswersOptions['providers'][number],
    messages: readonly LlmMessage[],
    signal: AbortSignal,
  ): AsyncGenerator<LlmPart> {
    let text = ''
    let isReported = false
    try {
      const parts = llm.stream({
        messages,
        ...(answer.areToolsOff ? {} : { tools: options.tools }),
        temperature,
        user: options.user,
        metadata: answer.isEarly ? { ...options.metadata, early_thinking: 'true' } : options.metadata,
        callId: options.callId,
        firstTokenTimeoutMs,
        interTokenTimeoutMs: INTER_TOKEN_TIMEOUT_MS,
        signal,
      })
      for await (const part of parts) {
        if (part.type === 'text-delta') text += part.text
        if (text.length > ANSWER_CHARACTERS_MAX) {
          log.warn('an answer was longer than anybody would listen to', {
            provider: llm.provider,
            model: llm.model,
          })
          return
        }
        if (part.type === 'finish') {
          isReported = true
          report(answer, llm, part.usage)
        }
        if (part.type === 'warning') {
          log.warn('the language model ignored a setting', { provider: llm.provider, setting: part.setting })
        }
        yield part
      }
    } finally {
      if (!isReported && (signal.aborted || text !== '')) report(answer, llm, estimateUsage(messages, text))
    }
  }

  async function run(answer: Answer, messages: readonly LlmMessage[]): Promise<void> {
    const { responseId } = answer
    const { signal } = answer.controller
    let hasText = false
    const providers = order.current().flatMap((index) => {
      const provider = options.providers[index]
      return provider ? [{ ...provider, index }] : []
    })
    try {
      const parts = firstToAnswer<LlmPart>({
        contestants: providers.map(
          (provider) => (stop: AbortSignal) => ask(answer, provider, messages, stop),
        ),
        headStartMs: HEAD_START_MS,
        isAnswer: (part) => part.type !== 'warning',
        onFailed: (place, error) => {
          const provider = providers[place]
          if (provider) order.avoid(provider.index)
          logFailure(provider?.llm, error, false)
        },
        signal,
        timers: options.timers,
      })
      for await (const part of parts) {
        if (signal.aborted) return
        if (part.type === 'tool-calls') {
          hasText = true
          options.onTools(responseId, part.calls)
        }
        if (part.type !== 'text-delta') continue
        hasText = true
        options.onText(responseId, part.text)
      }
      if (!signal.aborted) options.onFinished(responseId)
    } catch (error) {
      if (signal.aborted) return
      if (hasText) {
        logFailure(undefined, error, true)
        options.onBrokenOff(responseId)
      } else options.onFailed(responseId)
    }
  }

  function logFailure(llm: LlmProvider | undefined, error: unknown, hasText: boolean): void {
    log.warn('the language model failed', { provider: llm?.provider, model: llm?.model, error, hasText })
  }

  /** One begun early is kept until it is known whether it was needed. */
  function forgetIfOver(answer: Answer): void {
    const { responseId, isEarly, isOver } = answer
    if (isOver && !isEarly && running.get(responseId) === answer) running.delete(responseId)
  }

  function cancel(responseId: string): void {
    const answer = running.get(responseId)
    if (!answer) return
    running.delete(responseId)
    settleUsage(answer)
    answer.controller.abort()
  }

  return {
    start(responseId, history, { isEarly, areToolsOff = false }) {
      const answer: Answer = {
        responseId,
        controller: new AbortController(),
        isEarly,
        areToolsOff,
        isOver: false,
        withheld: [],
      }
      running.set(responseId, answer)
      const messages: LlmMessage[] = [
        { role: 'system', content: options.instructions },
        ...history.map(({ role, text, ...rest }) => ({ role, content: text, ...rest })),
      ]
      void run(answer, messages).finally(() => {
        answer.isOver = true
        forgetIfOver(answer)
      })
    },
    adopt(responseId) {
      const answer = running.get(responseId)
      if (!answer) return
      answer.isEarly = false
      settleUsage(answer)
      forgetIfOver(answer)
    },
    cancel,
    close() {
      for (const responseId of [...running.keys()]) cancel(responseId)
    },
  }
}

function estimateUsage(messages: readonly LlmMessage[], answer: string): LlmUsage {
  const inputTokens = messages.reduce((sum, { content }) => sum + tokensOf(content) + TOKENS_PER_MESSAGE, 0)
  return { inputTokens, cachedInputTokens: 0, outputTokens: tokensOf(answer), isMeasured: false }
}

function tokensOf(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN)
}
