/**
 * ElevenLabs' voices over their streaming HTTP endpoint, as μ-law for the carrier. The vendor's WebSocket gains nothing here: clauses are whole when they are
 * spoken, and an interruption, for which that socket has no message, is the end of a request.
 */
import { systemClock } from '@phonevoice/base'
import type { TtsProvider } from '../contract/index.ts'
import { errorOfConnection } from '../streaming/http-errors.ts'
import { createHttpSpeech, readMulaw } from '../streaming/http-speech.ts'
import { SPEECH_OPERATION } from '../streaming/speak-in-time.ts'
import { errorOfElevenLabs } from './errors.ts'
import type { ElevenLabsTtsOptions } from './options.ts'
import { modelsUrl, streamBody, streamUrl, TEXT_LENGTH_MAX } from './wire.ts'

export function createElevenLabsTts(options: ElevenLabsTtsOptions): TtsProvider {
  const { model, voiceId } = options
  const provider = options.provider ?? 'elevenlabs'
  const url = streamUrl(options.baseUrl, voiceId)
  return createHttpSpeech({
    provider,
    model,
    voiceId,
    format: { encoding: 'mulaw', sampleRateHz: 8000 },
    clock: options.clock ?? systemClock,
    fetch: options.fetch ?? fetch,
    headers: {
      ...(options.apiKey === null ? {} : { 'xi-api-key': options.apiKey }),
      ...options.headers,
    },
    textLengthMax: TEXT_LENGTH_MAX,
    chunkTimeoutMs: options.chunkTimeoutMs ?? 4_000,
    toRequest: ({ text, speed, language }) => ({ url, body: streamBody({ model, text, speed, language }) }),
    createReader: readMulaw,
    errorOf: errorOfElevenLabs,
    toError: (thrown) => errorOfConnection(provider, SPEECH_OPERATION, thrown),
    warmUrl: modelsUrl(options.baseUrl),
  })
}
