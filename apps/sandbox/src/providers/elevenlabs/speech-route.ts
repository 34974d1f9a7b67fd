import { encodeMulaw, pcmToBytes } from '@phonevoice/audio'
import { z } from 'zod'
import { encodeSpeechParts } from '../../speech/index.ts'
import { type HonoContext, type ProviderContext, readText } from '../http.ts'
import { serveSpeech } from '../speech/serve-speech.ts'
import { ElevenLabsError } from './elevenlabs-error.ts'

/** "Stream speech": the formats the simulated voice renders, with their rates. */
const FORMATS = {
  ulaw_8000: { isMulaw: true, sampleRateHz: 8000 },
  pcm_8000: { isMulaw: false, sampleRateHz: 8000 },
  pcm_24000: { isMulaw: false, sampleRateHz: 24_000 },
} as const

/** Models that take `language_code`; the others refuse it. */
const LANGUAGE_MODELS = /_v2_5$|^eleven_v[34]/
const TEXT_LENGTH_MAX = 40_000

const bodySchema = z.looseObject({
  text: z.string().min(1).max(TEXT_LENGTH_MAX),
  model_id: z.string().min(1).default('eleven_multilingual_v2'),
  language_code: z.string().length(2).nullish(),
  voice_settings: z
    .looseObject({
      stability: z.number().min(0).max(1).nullish(),
      similarity_boost: z.number().min(0).max(1).nullish(),
      speed: z.number().min(0.7).max(1.2).nullish(),
    })
    .nullish(),
})

/** `POST /v1/text-to-speech/{voice_id}/stream`. */
export async function handleElevenLabsSpeech(c: HonoContext, context: ProviderContext): Promise<Response> {
  if (!c.req.header('xi-api-key'))
    throw new ElevenLabsError(
      401,
      'needs_authorization',
      'Neither authorization header nor xi-api-key received.',
    )
  const text = await readText(c)
  const body = parse(text)
  return serveSpeech(c, context, {
    text,
    body,
    toFault: ({ status, code, message, retry_after_seconds: wait }) =>
      new ElevenLabsError(
        status,
        code ?? 'internal_error',
        message,
        wait === null ? {} : { 'retry-after': String(wait) },
      ),
    begin() {
      const formatName = c.req.query('output_format') ?? 'mp3_44100_128'
      const format = Object.entries(FORMATS).find(([name]) => name === formatName)?.[1]
      if (!format)
        throw new ElevenLabsError(400, 'invalid_output_format', `The sandbox does not speak ${formatName}.`)
      const parsed = bodySchema.safeParse(body)
      if (!parsed.success) {
        const issue = parsed.error.issues[0]
        throw new ElevenLabsError(422, 'invalid_request', `${issue?.path.join('.')}: ${issue?.message}`)
      }
      const { text: said, model_id: model, language_code: language, voice_settings: settings } = parsed.data
      if (language && !LANGUAGE_MODELS.test(model))
        throw new ElevenLabsError(
          400,
          'unsupported_language',
          `Model '${model}' does not support the language_code parameter.`,
        )
      return {
        said,
        headers: {
          'content-type': format.isMulaw ? 'audio/basic' : 'audio/pcm',
          'character-cost': String(said.length),
        },
        parts: speak(said, format, c.req.param('voice') ?? '', settings?.speed ?? 1),
      }
    },
  })
}

async function* speak(
  text: string,
  { isMulaw, sampleRateHz }: (typeof FORMATS)[keyof typeof FORMATS],
  voice: string,
  speed: number,
): AsyncGenerator<Uint8Array> {
  for (const pcm of encodeSpeechParts(text, { sampleRateHz, voice, speed }))
    yield isMulaw ? encodeMulaw(pcm) : pcmToBytes(pcm)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
