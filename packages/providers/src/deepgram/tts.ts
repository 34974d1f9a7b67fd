/**
 * Deepgram's Aura voices over `POST /v1/speak`, as μ-law for the carrier. The vendor's WebSocket is not used: it takes 20 `Flush` a minute, and a talkative
 * assistant has more clauses than that.
 */
import { systemClock } from '@phonevoice/base'
import type { TtsProvider } from '../contract/index.ts'
import { errorOfConnection } from '../streaming/http-errors.ts'
import { createHttpSpeech, readMulaw } from '../streaming/http-speech.ts'
import { SPEECH_OPERATION } from '../streaming/speak-in-time.ts'
import { errorOfDeepgram } from './errors.ts'
import type { DeepgramTtsOptions } from './options.ts'
import { authorization, modelsUrl, speakUrl, TEXT_LENGTH_MAX, voiceName } from './wire.ts'

export function createDeepgramTts(options: DeepgramTtsOptions): TtsProvider {
  const { model, voiceId } = options
  const provider = options.provider ?? 'deepgram'
  return createHttpSpeech({
    provider,
    model,
    voiceId,
    format: { encoding: 'mulaw', sampleRateHz: 8000 },
    clock: options.clock ?? systemClock,
    fetch: options.fetch ?? fetch,
    headers: { ...authorization(options.apiKey), ...options.headers },
    textLengthMax: TEXT_LENGTH_MAX,
    chunkTimeoutMs: options.chunkTimeoutMs ?? 4_000,
    toRequest: ({ text, speed }) => ({
      url: speakUrl(options.baseUrl, voiceName(model, voiceId), speed),
      body: JSON.stringify({ text }),
    }),
    createReader: readMulaw,
    errorOf: errorOfDeepgram,
    toError: (thrown) => errorOfConnection(provider, SPEECH_OPERATION, thrown),
    warmUrl: modelsUrl(options.baseUrl),
  })
}
