import type { ProviderError } from '@phonevoice/base'
import { type AnswerErrorOptions, errorOfAnswer, isRecord } from '../streaming/http-errors.ts'
import type { LostReason } from '../streaming/vendor-socket.ts'

/** Deepgram's bodies are `{err_code, err_msg, request_id}` ("Errors"); a few gateways before it answer with plain text. */
export function errorOfDeepgram(options: AnswerErrorOptions): ProviderError {
  const { body } = options
  if (!isRecord(body) || typeof body.err_msg !== 'string') return errorOfAnswer(options)
  return errorOfAnswer({ ...options, body: { error: { code: body.err_code, message: body.err_msg } } })
}

/** Close 1008 (DATA-0000): it cannot decode what we send. 1011 (NET-0000, NET-0001) is trouble that a new connection may not have. */
export function reasonOfClose(code: number, text: string): LostReason | null {
  if (code === 1008)
    return { category: 'invalid-request', message: 'The recogniser does not understand the audio.' }
  if (code === 1011) return { category: 'server', message: `The recogniser gave up (${text.slice(0, 100)}).` }
  return null
}
