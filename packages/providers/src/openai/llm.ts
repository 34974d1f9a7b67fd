/**
 * Chat completions of OpenAI and of everyone who speaks its dialect, users' own endpoints included (developers.openai.com, "Chat"; tolerances for
 * other servers are listed in `wire.ts` and `answer-reader.ts`).
 *
 * Deadlines of an answer: the first text within `firstTokenTimeoutMs`, no pause longer than `interTokenTimeoutMs` after it, all of it within ten
 * times the first. Before the first text a passing failure is tried once more within the same deadline. A server that refuses an optional field is
 * asked again without it, and the caller is warned; the provider then leaves the field out for good.
 *
 * An instance keeps nothing of what is said: only which optional fields its server refuses.
 */
import { ProviderError, systemClock } from '@phonevoice/base'
import type { LlmPart, LlmProvider, LlmRequest } from '../contract/index.ts'
import { readErrorDetail } from '../streaming/http-errors.ts'
import { retryOnce } from '../streaming/retry-once.ts'
import { warmConnection } from '../streaming/warm-connection.ts'
import { createWatchdog, type Watchdog } from '../streaming/watchdog.ts'
import { createSendChat } from './chat-client.ts'
import {
  type ChatBody,
  commonFields,
  modelsUrl,
  type RefusableField,
  refusedField,
  toWireTools,
} from './chat-request.ts'
import { toProviderError } from './errors.ts'
import { createCompleteJson } from './llm-json.ts'
import type { OpenAiLlmOptions } from './options.ts'
import { createThinkFilter } from './think-filter.ts'
import { createToolCallAssembler } from './tool-call-assembler.ts'
import { toUsage } from './usage.ts'
import type { ChatUsage } from './wire.ts'

const OPERATION = 'chat'
const WHOLE_ANSWER_FACTOR = 10

export function createOpenAiLlm(options: OpenAiLlmOptions): LlmProvider {
  const clock = options.clock ?? systemClock
  const provider = options.provider ?? (options.isCustom ? 'custom' : 'openai')
  const toError = (thrown: unknown) => toProviderError(thrown, provider, OPERATION)
  const sendChat = createSendChat(options)
  const refused = new Set<RefusableField>()

  function bodyOf(request: LlmRequest): ChatBody {
    const body: Record<string, unknown> = {
      ...commonFields(options, request),
      stream: true,
      stream_options: { include_usage: true },
      ...(request.temperature === null ? {} : { temperature: request.temperature }),
      ...(request.tools?.length ? { tools: toWireTools(request.tools) } : {}),
    }
    for (const field of refused) delete body[field]
    return body as unknown as ChatBody
  }

  /** Repeats the request without an optional field that the server refuses, as long as it names another one. */
  async function* attempt(request: LlmRequest, watchdog: Watchdog): AsyncGenerator<LlmPart> {
    for (;;) {
      const body = bodyOf(request)
      try {
        yield* readParts(body, request, watchdog)
        return
      } catch (thrown) {
        const error = toError(thrown)
        const field = refusalOf(error, body)
        if (!field) throw thrown
        refused.add(field)
        yield {
          type: 'warning',
          setting: field,
          message: 'The provider refused this setting; it is left out.',
        }
      }
    }
  }

  async function* readParts(
    body: ChatBody,
    request: LlmRequest,
    watchdog: Watchdog,
  ): AsyncGenerator<LlmPart> {
    const filter = createThinkFilter()
    let usage: ChatUsage | null = null
    let finishReason: string | null = null
    let answer = ''
    const toolCalls = createToolCallAssembler()
    for await (const chunk of sendChat(body, request.callId, watchdog.signal)) {
      if (chunk.error !== null) throw failureInside(chunk.error)
      usage = chunk.usage ?? usage
      finishReason = chunk.finishReason ?? finishReason
      toolCalls.push(chunk.toolCalls)
      const text = filter.push(chunk.text)
      answer += text
      if (text !== '') yield { type: 'text-delta', text }
      else if (chunk.toolCalls !== null) yield TOOL_PROGRESS
      else if (chunk.isProgress) yield PROGRESS
    }
    const rest = filter.flush()
    answer += rest
    if (rest !== '') yield { type: 'text-delta', text: rest }
    const calls = toolCalls.take()
    if (calls.length > 0) yield { type: 'tool-calls', calls }
    if (answer === '' && calls.length === 0 && finishReason === null) {
      throw new ProviderError('The provider ended its answer before it began.', {
        vendor: provider,
        operation: OPERATION,
        category: 'server',
      })
    }
    yield { type: 'finish', reason: toReason(finishReason), usage: toUsage(usage, request.messages, answer) }
  }

  function failureInside(body: unknown): ProviderError {
    const { code, message, status } = readErrorDetail(body)
    return new ProviderError('The provider broke off its answer with an error.', {
      vendor: provider,
      operation: OPERATION,
      category: 'server',
      ...(status === null ? {} : { status }),
      ...(code === null ? {} : { vendorCode: code }),
      context: { customer: { vendorMessage: message } },
    })
  }

  async function* stream(request: LlmRequest): AsyncGenerator<LlmPart> {
    const watchdog = createWatchdog({ clock, outer: request.signal, vendor: provider, operation: OPERATION })
    try {
      if (request.signal.aborted) return
      watchdog.arm(request.firstTokenTimeoutMs * WHOLE_ANSWER_FACTOR, 'a whole answer')
      const first = watchdog.arm(request.firstTokenTimeoutMs, 'the first words of an answer')
      const parts = retryOnce({
        clock,
        signal: watchdog.signal,
        attempt: () => attempt(request, watchdog),
        toError,
      })[Symbol.asyncIterator]()
      let hasText = false
      try {
        for (;;) {
          // The wait for the provider is timed, not the time the consumer takes between two parts.
          const pause = hasText
            ? watchdog.arm(request.interTokenTimeoutMs, 'the next words of an answer')
            : null
          const { done, value } = await parts.next().finally(() => pause?.cancel())
          if (done || request.signal.aborted) return
          if (value === PROGRESS) continue
          if ((value.type === 'text-delta' || value.type === 'tool-calls') && !hasText) {
            hasText = true
            first.cancel()
          }
          if (value === TOOL_PROGRESS) continue
          yield value
        }
      } finally {
        await parts.return(undefined)
      }
    } catch (thrown) {
      if (request.signal.aborted) return
      throw watchdog.verdict ?? toError(thrown)
    } finally {
      watchdog.close()
    }
  }

  function warm(): Promise<void> {
    const headers = options.apiKey === null ? {} : { authorization: `Bearer ${options.apiKey}` }
    return warmConnection(options.fetch ?? fetch, modelsUrl(options.baseUrl), headers, clock)
  }

  return {
    provider,
    model: options.model,
    stream,
    ...(options.isCustom ? {} : { warm }),
    completeJson: createCompleteJson({ options, provider, clock, sendChat }),
  }
}

/** Stands for "still thinking": resets the pause between words, and is heard by nobody. */
const PROGRESS: LlmPart = { type: 'text-delta', text: '' }

/** Stands for a piece of a tool call: the answer has begun, and there is nothing to hear. */
const TOOL_PROGRESS: LlmPart = { type: 'text-delta', text: '' }

/** The optional field that made the server refuse, if that is what happened. */
export function refusalOf(error: ProviderError, body: object): RefusableField | null {
  if (error.status !== 400 && error.status !== 422) return null
  const { detail, param } = error.context
  return refusedField(
    body,
    typeof param === 'string' ? param : null,
    typeof detail === 'string' ? detail : '',
  )
}

function toReason(
  finishReason: string | null,
): 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'other' {
  if (finishReason === 'tool_calls' || finishReason === 'function_call') return 'tool-calls'
  if (finishReason === 'stop' || finishReason === 'length') return finishReason
  return finishReason === 'content_filter' ? 'content-filter' : 'other'
}
