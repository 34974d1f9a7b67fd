/**
 * The voice of every server with OpenAI's `POST /audio/speech`: chunked 24 kHz PCM, as it is made. OpenAI's own models behind this endpoint end in January
 * 2027; local voice servers go on speaking it, and they are what this adapter is for.
 *
 * A passing failure before the first audio is tried once more within the same deadline. Nothing of one request is kept for another.
 */
import { ProviderError, systemClock } from '@phonevoice/base'
import type { TtsProvider, TtsRequest } from '../contract/index.ts'
import { errorOfAnswer } from '../streaming/http-errors.ts'
import { retryOnce } from '../streaming/retry-once.ts'
import { createWatchdog, orAborted, readBody, type Watchdog } from '../streaming/watchdog.ts'
import { toProviderError } from './errors.ts'
import type { OpenAiCompatibleTtsOptions } from './options.ts'
import { createPcmReader } from './pcm-reader.ts'
import { modelsUrl, PCM_RATE_HZ, speechBody, speechUrl, TEXT_LENGTH_MAX } from './wire.ts'

const OPERATION = 'speech'
const WARM_TIMEOUT_MS = 2_000
/** Ten minutes of audio: no clause is that long, a server that does not stop is. */
const AUDIO_BYTES_MAX = 600 * PCM_RATE_HZ * 2
/** Error bodies are read for their message only. */
const ERROR_BYTES_MAX = 16_384

export function createOpenAiCompatibleTts(options: OpenAiCompatibleTtsOptions): TtsProvider {
  const clock = options.clock ?? systemClock
  const provider = options.provider ?? 'openai-compatible'
  const send = options.fetch ?? fetch
  const address = speechUrl(options.baseUrl)
  const chunkTimeoutMs = options.chunkTimeoutMs ?? 4_000
  const headers = {
    ...(options.apiKey === null ? {} : { authorization: `Bearer ${options.apiKey}` }),
    ...options.headers,
    'user-agent': 'PhoneVoice',
  }
  const toError = (thrown: unknown) => toProviderError(thrown, provider, OPERATION)
  const failure = (message: string, category: 'invalid-request' | 'server') =>
    new ProviderError(message, { vendor: provider, operation: OPERATION, category })

  async function* attempt(request: TtsRequest, watchdog: Watchdog): AsyncGenerator<Uint8Array> {
    const body = speechBody({
      model: options.model,
      voiceId: options.voiceId,
      text: request.text,
      speed: request.speed,
      instructions: options.instructions,
    })
    const { signal } = watchdog
    const response = await orAborted(
      send(address, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body,
        signal,
      }),
      signal,
    )
    if (!response.ok || isText(response)) {
      const text = await readText(response, signal)
      throw errorOfAnswer({
        vendor: provider,
        operation: OPERATION,
        status: response.ok ? null : response.status,
        body: parseOrText(text),
        headers: response.headers,
      })
    }
    const reader = createPcmReader()
    let yieldedBytes = 0
    for await (const chunk of readBody(response, signal)) {
      const pcm = reader.push(chunk)
      if (pcm.length === 0) continue
      yieldedBytes += pcm.length
      if (yieldedBytes > AUDIO_BYTES_MAX) throw failure('The voice does not stop speaking.', 'server')
      yield pcm
    }
    const rest = reader.flush()
    if (rest.length > 0) yield rest
    if (yieldedBytes + rest.length === 0) throw failure('The voice answered without any audio.', 'server')
  }

  return {
    provider,
    model: options.model,
    voiceId: options.voiceId,
    format: { encoding: 'pcm16', sampleRateHz: PCM_RATE_HZ },
    async *synthesize(request) {
      if (request.signal.aborted || request.text.trim() === '') return
      if (request.text.length > TEXT_LENGTH_MAX) {
        throw failure(`The voice takes at most ${TEXT_LENGTH_MAX} characters at once.`, 'invalid-request')
      }
      const watchdog = createWatchdog({
        clock,
        outer: request.signal,
        vendor: provider,
        operation: OPERATION,
      })
      try {
        const first = watchdog.arm(request.firstAudioTimeoutMs, 'the first audio')
        const chunks = retryOnce({
          clock,
          signal: watchdog.signal,
          attempt: () => attempt(request, watchdog),
          toError,
        })
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
    },
    async warm() {
      const controller = new AbortController()
      const deadline = clock.after(WARM_TIMEOUT_MS, () => controller.abort())
      try {
        const { signal } = controller
        const response = await orAborted(send(modelsUrl(options.baseUrl), { headers, signal }), signal)
        // A connection is free for the next request only when the body has been read.
        for await (const _ of readBody(response, signal));
      } catch {
        // Warming is a favour; the first request will say what is wrong.
      } finally {
        deadline.cancel()
      }
    },
  }
}

/** Some servers report failures as text under 200. */
function isText(response: Response): boolean {
  return /^(text\/|application\/(problem\+)?json)/.test(response.headers.get('content-type') ?? '')
}

async function readText(response: Response, signal: AbortSignal): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of readBody(response, signal)) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > ERROR_BYTES_MAX) break
  }
  return text
}

function parseOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
