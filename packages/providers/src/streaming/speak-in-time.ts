/** The deadlines and the second try that every voice gives a clause, whatever it is spoken over. */
import { ProviderError, type Timers } from '@phonevoice/base'
import type { TtsRequest } from '../contract/index.ts'
import { retryOnce } from './retry-once.ts'
import { createWatchdog } from './watchdog.ts'

/** Names requests for speech in errors. */
export const SPEECH_OPERATION = 'speech'

export interface SpeakInTimeOptions {
  clock: Timers
  vendor: string
  /** Longest text the vendor takes. */
  textLengthMax: number
  /** Longest silence between two pieces of audio. Milliseconds. */
  chunkTimeoutMs: number
  /** Speaks the text once; ends when `signal` aborts. */
  attempt(signal: AbortSignal): AsyncIterable<Uint8Array>
  toError(thrown: unknown): ProviderError
}

/**
 * Yields the audio of one request. A passing failure before the first audio is tried once more within the same deadline. Throws `ProviderError`; ends
 * silently when the request is aborted.
 */
export async function* speakInTime(
  request: TtsRequest,
  { clock, vendor, textLengthMax, chunkTimeoutMs, attempt, toError }: SpeakInTimeOptions,
): AsyncGenerator<Uint8Array> {
  if (request.signal.aborted || request.text.trim() === '') return
  if (request.text.length > textLengthMax) {
    throw new ProviderError(`The voice takes at most ${textLengthMax} characters at once.`, {
      vendor,
      operation: SPEECH_OPERATION,
      category: 'invalid-request',
    })
  }
  const watchdog = createWatchdog({ clock, outer: request.signal, vendor, operation: SPEECH_OPERATION })
  try {
    const first = watchdog.arm(request.firstAudioTimeoutMs, 'the first audio')
    const { signal } = watchdog
    const chunks = retryOnce({ clock, signal, attempt: () => attempt(signal), toError })
    let hasAudio = false
    try {
      for (;;) {
        // The wait for the voice is timed, not the time the consumer takes between two pieces.
        const pause = hasAudio ? watchdog.arm(chunkTimeoutMs, 'the next audio') : null
        const { done, value } = await chunks.next().finally(() => pause?.cancel())
        if (done || request.signal.aborted) return
        if (!hasAudio) first.cancel()
        hasAudio = true
        yield value
      }
    } finally {
      await chunks.return(undefined)
    }
  } catch (thrown) {
    if (request.signal.aborted) return
    throw watchdog.verdict ?? toError(thrown)
  } finally {
    watchdog.close()
  }
}
