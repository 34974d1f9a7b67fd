/**
 * The voice of every server with OpenAI's `POST /audio/speech`: chunked 24 kHz PCM, as it is made. OpenAI's own models behind this endpoint end in January
 * 2027; local voice servers go on speaking it, and they are what this adapter is for.
 */
import { systemClock } from '@phonevoice/base'
import type { TtsProvider } from '../contract/index.ts'
import { createHttpSpeech } from '../streaming/http-speech.ts'
import { SPEECH_OPERATION } from '../streaming/speak-in-time.ts'
import { toProviderError } from './errors.ts'
import type { OpenAiCompatibleTtsOptions } from './options.ts'
import { createPcmReader } from './pcm-reader.ts'
import { modelsUrl, PCM_RATE_HZ, speechBody, speechUrl, TEXT_LENGTH_MAX } from './wire.ts'

export function createOpenAiCompatibleTts(options: OpenAiCompatibleTtsOptions): TtsProvider {
  const { model, voiceId } = options
  const provider = options.provider ?? 'openai-compatible'
  const url = speechUrl(options.baseUrl)
  return createHttpSpeech({
    provider,
    model,
    voiceId,
    format: { encoding: 'pcm16', sampleRateHz: PCM_RATE_HZ },
    clock: options.clock ?? systemClock,
    fetch: options.fetch ?? fetch,
    headers: {
      ...(options.apiKey === null ? {} : { authorization: `Bearer ${options.apiKey}` }),
      ...options.headers,
    },
    textLengthMax: TEXT_LENGTH_MAX,
    chunkTimeoutMs: options.chunkTimeoutMs ?? 4_000,
    toRequest: ({ text, speed }) => ({
      url,
      body: speechBody({ model, voiceId, text, speed, instructions: options.instructions }),
    }),
    createReader: createPcmReader,
    toError: (thrown) => toProviderError(thrown, provider, SPEECH_OPERATION),
    warmUrl: modelsUrl(options.baseUrl),
  })
}
