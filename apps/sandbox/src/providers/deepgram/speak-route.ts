import { encodeMulaw, pcmToBytes } from '@phonevoice/audio'
import { z } from 'zod'
import { encodeSpeechParts } from '../../speech/index.ts'
import { type HonoContext, type ProviderContext, readText } from '../http.ts'
import { serveSpeech } from '../speech/serve-speech.ts'
import { streamedWavHeader } from '../speech/streamed-wav-header.ts'
import { DeepgramError, requireToken, toDeepgramFault } from './deepgram-error.ts'

const TEXT_LENGTH_MAX = 2000

/** "Text to speech", query parameters. The simulated voice renders two encodings. */
const querySchema = z.strictObject({
  model: z.string().min(1).default('aura-asteria-en'),
  encoding: z.enum(['mulaw', 'linear16'], 'the sandbox speaks mulaw and linear16'),
  sample_rate: z.enum(['8000', '24000'], 'the sandbox speaks 8000 and 24000').transform(Number),
  container: z.enum(['wav', 'none']).default('wav'),
  speed: z.coerce.number().min(0.7).max(1.5).default(1),
  bit_rate: z.never('bit_rate is not applicable to this encoding').optional(),
  tag: z.string().optional(),
  mip_opt_out: z.enum(['true', 'false']).optional(),
})

/** `POST /v1/speak`: Deepgram's Aura voices. */
export async function handleSpeak(c: HonoContext, context: ProviderContext): Promise<Response> {
  requireToken(c.req.header('authorization'))
  const text = await readText(c)
  const body = parse(text)
  const query = querySchema.safeParse(c.req.query())
  return serveSpeech(c, context, {
    text,
    body: { ...(typeof body === 'object' ? body : {}), query: c.req.query() },
    toFault: toDeepgramFault,
    begin() {
      if (!query.success) {
        const issue = query.error.issues[0]
        throw new DeepgramError(400, 'Bad Request', `${issue?.path.join('.')}: ${issue?.message}`)
      }
      const parsed = z.strictObject({ text: z.string().trim().min(1) }).safeParse(body)
      if (!parsed.success) throw new DeepgramError(400, 'INVALID_JSON', 'The body must be {"text": "…"}.')
      const said = parsed.data.text
      if (said.length > TEXT_LENGTH_MAX)
        throw new DeepgramError(413, 'PAYLOAD_TOO_LARGE', `Text may have ${TEXT_LENGTH_MAX} characters.`)
      return {
        said,
        headers: {
          'content-type': query.data.encoding === 'mulaw' ? 'audio/mulaw' : 'audio/linear16',
          'dg-model-name': query.data.model,
          'dg-char-count': String(said.length),
        },
        parts: speak(said, query.data),
      }
    },
  })
}

async function* speak(text: string, query: z.infer<typeof querySchema>): AsyncGenerator<Uint8Array> {
  const sampleRateHz = query.sample_rate === 8000 ? 8000 : 24_000
  const isMulaw = query.encoding === 'mulaw'
  if (query.container === 'wav') yield streamedWavHeader(sampleRateHz, isMulaw ? 'mulaw' : 'pcm16')
  for (const pcm of encodeSpeechParts(text, { sampleRateHz, voice: query.model, speed: query.speed }))
    yield isMulaw ? encodeMulaw(pcm) : pcmToBytes(pcm)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
