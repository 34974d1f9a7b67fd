import type { ProviderError } from '@phonevoice/base'
import { type AnswerErrorOptions, errorOfAnswer, isRecord } from '../streaming/http-errors.ts'

/** ElevenLabs' bodies are `{detail: {status, message}}`, or a list of field errors under `detail` for a 422. */
export function errorOfElevenLabs(options: AnswerErrorOptions): ProviderError {
  const detail = isRecord(options.body) ? options.body.detail : null
  if (Array.isArray(detail)) {
    const first: unknown = detail[0]
    const message = isRecord(first) && typeof first.msg === 'string' ? first.msg : 'The request was refused.'
    return errorOfAnswer({ ...options, body: { error: { code: 'invalid_request_error', message } } })
  }
  if (!isRecord(detail)) return errorOfAnswer(options)
  return errorOfAnswer({ ...options, body: { error: { code: detail.status, message: detail.message } } })
}
