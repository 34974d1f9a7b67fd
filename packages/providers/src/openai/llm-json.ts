/**
 * One whole answer that obeys a JSON schema. Servers differ in what they can promise, so three forms are tried from the strictest to the loosest, the
 * next one only when the server refuses the form itself with 400 or 422: `json_schema`, `json_object`, and a plain request. The looser forms, and every
 * request to a user's own endpoint (which may ignore the form without saying so), carry the schema as an instruction.
 */
import { isRetryableCategory, ProviderError, type Timers } from '@phonevoice/base'
import type { LlmJsonRequest, LlmMessage, LlmProvider } from '../contract/index.ts'
import { errorOfAnswer, isRecord } from '../streaming/http-errors.ts'
import { createWatchdog } from '../streaming/watchdog.ts'
import type { SendChat } from './chat-client.ts'
import { type ChatBody, commonFields } from './chat-request.ts'
import { toProviderError } from './errors.ts'
import { extractJson } from './extract-json.ts'
import type { OpenAiLlmOptions } from './options.ts'
import { toUsage } from './usage.ts'
import type { ChatUsage } from './wire.ts'

const OPERATION = 'chat-json'
/** Far more than an analysis; protects the memory from an endless stream. */
const ANSWER_LENGTH_MAX = 1_000_000

type Form = 'json_schema' | 'json_object' | 'plain'
const FORMS: readonly Form[] = ['json_schema', 'json_object', 'plain']

export interface CompleteJsonDependencies {
  options: OpenAiLlmOptions
  provider: string
  clock: Timers
  sendChat: SendChat
}

export function createCompleteJson({
  options,
  provider,
  clock,
  sendChat,
}: CompleteJsonDependencies): LlmProvider['completeJson'] {
  const toError = (thrown: unknown) => toProviderError(thrown, provider, OPERATION)

  async function ask(form: Form, request: LlmJsonRequest, signal: AbortSignal) {
    const messages = form === 'json_schema' && !options.isCustom ? request.messages : withInstruction(request)
    const body = {
      ...commonFields(options, { ...request, messages }),
      stream: false,
      ...responseFormat(form, request),
    }
    let answer = ''
    let usage: ChatUsage | null = null
    for await (const chunk of sendChat(body as ChatBody, request.callId, signal)) {
      if (chunk.error !== null) {
        throw errorOfAnswer({ vendor: provider, operation: OPERATION, status: null, body: chunk.error })
      }
      usage = chunk.usage ?? usage
      answer += chunk.text
      if (answer.length > ANSWER_LENGTH_MAX) break
    }
    const value = extractJson(answer)
    if (value === undefined) {
      throw new ProviderError('The provider did not answer with a JSON object.', {
        vendor: provider,
        operation: OPERATION,
        category: 'server',
      })
    }
    return { value, usage: toUsage(usage, messages, answer) }
  }

  return async function completeJson(request) {
    const watchdog = createWatchdog({ clock, outer: request.signal, vendor: provider, operation: OPERATION })
    watchdog.arm(request.timeoutMs, 'an analysis')
    try {
      let form = 0
      for (let mayRepeat = true; ; ) {
        try {
          return await ask(FORMS[form] as Form, request, watchdog.signal)
        } catch (thrown) {
          if (watchdog.signal.aborted) throw thrown
          const error = toError(thrown)
          const isFormRefused = error.status === 400 || error.status === 422
          if (isFormRefused && form < FORMS.length - 1) form++
          else if (mayRepeat && isRetryableCategory(error.category)) mayRepeat = false
          else throw error
        }
      }
    } catch (thrown) {
      throw watchdog.verdict ?? toError(thrown)
    } finally {
      watchdog.close()
    }
  }
}

function responseFormat(form: Form, { schemaName, schema }: LlmJsonRequest): object {
  if (form === 'plain') return {}
  if (form === 'json_object') return { response_format: { type: 'json_object' } }
  const json_schema = { name: schemaName, schema, strict: isStrictSchema(schema) }
  return { response_format: { type: 'json_schema', json_schema } }
}

function withInstruction({ messages, schema }: LlmJsonRequest): readonly LlmMessage[] {
  const content = `Answer with one JSON object and nothing else. It must be valid against this JSON Schema: ${JSON.stringify(schema)}`
  return [...messages, { role: 'system', content }]
}

/** OpenAI enforces a schema only when every object in it requires all its properties and forbids others; users' own need not. */
export function isStrictSchema(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(isStrictSchema)
  if (!isRecord(schema)) return true
  if (isRecord(schema.properties)) {
    const required = Array.isArray(schema.required) ? schema.required : []
    if (schema.additionalProperties !== false) return false
    if (!Object.keys(schema.properties).every((name) => required.includes(name))) return false
    if (!Object.values(schema.properties).every(isStrictSchema)) return false
  } else if (schema.type === 'object') return false
  return ['items', 'anyOf', '$defs', 'definitions'].every((key) => {
    const inner = schema[key]
    return isStrictSchema(
      key.startsWith('$') || key === 'definitions' ? Object.values(isRecord(inner) ? inner : {}) : inner,
    )
  })
}
