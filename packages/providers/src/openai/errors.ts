import { ProviderError } from '@phonevoice/base'
import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai'
import { errorOfAnswer, errorOfConnection } from '../streaming/http-errors.ts'
import { AnswerTooLong } from './answer-reader.ts'

/** One error type for whatever the `openai` package, fetch or our reader threw. */
export function toProviderError(thrown: unknown, vendor: string, operation: string): ProviderError {
  if (thrown instanceof ProviderError) return thrown
  if (thrown instanceof APIConnectionTimeoutError) {
    return new ProviderError('The provider did not answer in time.', {
      vendor,
      operation,
      category: 'timeout',
      cause: thrown,
    })
  }
  if (thrown instanceof APIConnectionError)
    return errorOfConnection(vendor, operation, thrown.cause ?? thrown)
  if (thrown instanceof APIError) {
    const { status, headers, error } = thrown as APIError<
      number | undefined,
      Headers | undefined,
      object | undefined
    >
    // For a body that is not JSON the package keeps the text in the message only.
    return errorOfAnswer({
      vendor,
      operation,
      status: status ?? null,
      body: error ?? thrown.message,
      headers,
      cause: thrown,
    })
  }
  if (thrown instanceof AnswerTooLong) {
    return new ProviderError(thrown.message, { vendor, operation, category: 'server', cause: thrown })
  }
  return errorOfConnection(vendor, operation, thrown)
}
