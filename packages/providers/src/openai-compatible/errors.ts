import { InvalidWav } from '@phonevoice/audio'
import { ProviderError } from '@phonevoice/base'
import { errorOfConnection } from '../streaming/http-errors.ts'

/** One error type for whatever fetch, the body or its audio threw. */
export function toProviderError(thrown: unknown, vendor: string, operation: string): ProviderError {
  if (thrown instanceof InvalidWav) {
    return new ProviderError(thrown.message, { vendor, operation, category: 'server', cause: thrown })
  }
  return errorOfConnection(vendor, operation, thrown)
}
