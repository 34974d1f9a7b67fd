/**
 * Speech over plain HTTP: one request per clause, answered with audio as it is made. The vendor's folder says how the request looks and what the bytes are.
 * Nothing of one request is kept for another.
 */
import { ProviderError, type Timers } from '@phonevoice/base'
import type { HttpAnswer, HttpSend, TtsProvider, TtsRequest } from '../contract/index.ts'
import { type AnswerErrorOptions, errorOfAnswer } from './http-errors.ts'
import { SPEECH_OPERATION, speakInTime } from './speak-in-time.ts'
import { warmConnection } from './warm-connection.ts'
import { orAborted, readBody } from './watchdog.ts'

/** Turns the bytes of one answer into whole samples. */
export interface SpeechReader {
  /** Empty while there are none. */
  push(bytes: Uint8Array): Uint8Array
  /** What was held back. */
  flush(): Uint8Array
}

export interface HttpSpeechSetup {
  provider: string
  model: string
  voiceId: string
  format: TtsProvider['format']
  clock: Timers
  fetch: HttpSend
  headers: Readonly<Record<string, string>>
  /** Longest text the vendor takes. */
  textLengthMax: number
  /** Longest silence between two pieces of audio. Milliseconds. */
  chunkTimeoutMs: number
  toRequest(request: TtsRequest): { url: string; body: string }
  createReader(): SpeechReader
  toError(thrown: unknown): ProviderError
  /** Default: what OpenAI-shaped bodies say. */
  errorOf?(answer: AnswerErrorOptions): ProviderError
  /** Asked for by `warm`: cheap and harmless, if only answered with 404. */
  warmUrl: string
}

/** Ten minutes of audio: no clause is that long, a server that does not stop is. */
const AUDIO_SECONDS_MAX = 600
/** Error bodies are read for their message only. */
const ERROR_BYTES_MAX = 16_384

export function createHttpSpeech(setup: HttpSpeechSetup): TtsProvider {
  const { clock, provider, format, toError } = setup
  const errorOf = setup.errorOf ?? errorOfAnswer
  const headers = { ...setup.headers, 'user-agent': 'PhoneVoice' }
  const audioBytesMax = AUDIO_SECONDS_MAX * format.sampleRateHz * (format.encoding === 'pcm16' ? 2 : 1)
  const failure = (message: string) =>
    new ProviderError(message, { vendor: provider, operation: SPEECH_OPERATION, category: 'server' })

  async function* attempt(request: TtsRequest, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { url, body } = setup.toRequest(request)
    const response = await orAborted(
      setup.fetch(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body,
        signal,
      }),
      signal,
    )
    if (!response.ok || isText(response)) {
      const text = await readText(response, signal)
      throw errorOf({
        vendor: provider,
        operation: SPEECH_OPERATION,
        status: response.ok ? null : response.status,
        body: parseOrText(text),
        headers: response.headers,
      })
    }
    const reader = setup.createReader()
    let yieldedBytes = 0
    for await (const chunk of readBody(response, signal)) {
      const audio = reader.push(chunk)
      if (audio.length === 0) continue
      yieldedBytes += audio.length
      if (yieldedBytes > audioBytesMax) throw failure('The voice does not stop speaking.')
      yield audio
    }
    const rest = reader.flush()
    if (rest.length > 0) yield rest
    if (yieldedBytes + rest.length === 0) throw failure('The voice answered without any audio.')
  }

  return {
    provider,
    model: setup.model,
    voiceId: setup.voiceId,
    format,
    synthesize: (request) =>
      speakInTime(request, {
        clock,
        vendor: provider,
        textLengthMax: setup.textLengthMax,
        chunkTimeoutMs: setup.chunkTimeoutMs,
        attempt: (signal) => attempt(request, signal),
        toError,
      }),
    warm: () => warmConnection(setup.fetch, setup.warmUrl, headers, clock),
  }
}

/** For answers that are μ-law from the first byte to the last. */
export function readMulaw(): SpeechReader {
  return { push: (bytes) => bytes, flush: () => new Uint8Array(0) }
}

/** Some servers report failures as text under 200. */
function isText(response: HttpAnswer): boolean {
  return /^(text\/|application\/(problem\+)?json)/.test(response.headers.get('content-type') ?? '')
}

async function readText(response: HttpAnswer, signal: AbortSignal): Promise<string> {
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
