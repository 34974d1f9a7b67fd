import type { Log } from '@phonevoice/base'
import type { HistoryMessage } from '@phonevoice/conversation'
import type { LlmMessage, LlmProvider, LlmUsage } from '@phonevoice/providers/contract'

export interface AnswersOptions {
  /** The first is asked; the next ones, in order, when it fails before its first word. */
  providers: readonly { llm: LlmProvider; temperature: number | null; firstTokenTimeoutMs: number }[]
  instructions: string
  callId: string
  user: string
  metadata: Readonly<Record<string, string>>
  onText(responseId: string, text: string): void
  onFinished(responseId: string): void
  onFailed(responseId: string): void
  onUsage(llm: LlmProvider, usage: LlmUsage): void
  log: Log
}

/** Longest silence between two tokens before an answer counts as broken off. */
const INTER_TOKEN_TIMEOUT_MS = 4000

/** The assistant's thoughts: one streamed answer per response id. */
export interface Answers {
  start(responseId: string, history: readonly HistoryMessage[]): void
  /** Ends the request; nothing more is reported for this response. */
  cancel(responseId: string): void
  close(): void
}

export function createAnswers(options: AnswersOptions): Answers {
  const running = new Map<string, AbortController>()

  async function run(
    responseId: string,
    messages: readonly LlmMessage[],
    signal: AbortSignal,
  ): Promise<void> {
    for (const { llm, temperature, firstTokenTimeoutMs } of options.providers) {
      let hasText = false
      try {
        const parts = llm.stream({
          messages,
          temperature,
          user: options.user,
          metadata: options.metadata,
          callId: options.callId,
          firstTokenTimeoutMs,
          interTokenTimeoutMs: INTER_TOKEN_TIMEOUT_MS,
          signal,
        })
        for await (const part of parts) {
          // Usage of a cancelled answer is still billed, so it is counted before the signal is looked at.
          if (part.type === 'finish') options.onUsage(llm, part.usage)
          if (signal.aborted) return
          if (part.type === 'text-delta') {
            hasText = true
            options.onText(responseId, part.text)
          } else if (part.type === 'warning') {
            options.log.warn('the language model ignored a setting', {
              provider: llm.provider,
              setting: part.setting,
            })
          }
        }
        if (!signal.aborted) options.onFinished(responseId)
        return
      } catch (error) {
        if (signal.aborted) return
        options.log.warn('the language model failed', {
          provider: llm.provider,
          model: llm.model,
          error,
          hasText,
        })
        if (hasText) {
          // Half an answer has been spoken; asking another model would repeat it.
          options.onFinished(responseId)
          return
        }
      }
    }
    options.onFailed(responseId)
  }

  return {
    start(responseId, history) {
      const controller = new AbortController()
      running.set(responseId, controller)
      const messages: LlmMessage[] = [
        { role: 'system', content: options.instructions },
        ...history.map((message) => ({ role: message.role, content: message.text })),
      ]
      void run(responseId, messages, controller.signal).finally(() => {
        if (running.get(responseId) === controller) running.delete(responseId)
      })
    },
    cancel(responseId) {
      running.get(responseId)?.abort()
      running.delete(responseId)
    },
    close() {
      for (const controller of running.values()) controller.abort()
      running.clear()
    },
  }
}
