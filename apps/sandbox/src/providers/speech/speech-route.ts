import { pcmToBytes } from '@phonevoice/audio'
import { z } from 'zod'
import { encodeSpeechParts, speakAudibly } from '../../speech/index.ts'
import { toInvalidRequest } from '../api-error.ts'
import {
  commonHeaders,
  type HonoContext,
  type ProviderContext,
  parseJson,
  readText,
  requireKey,
  toFaultError,
} from '../http.ts'
import { serveSpeech } from './serve-speech.ts'
import { streamedWavHeader } from './streamed-wav-header.ts'

const SAMPLE_RATE_HZ = 24_000

/** API reference, "Create speech". The simulated voice renders pcm and wav; other formats are refused. */
const speechSchema = z.looseObject({
  model: z.string().min(1),
  input: z.string().min(1).max(4096),
  voice: z
    .union([z.string().min(1), z.looseObject({ id: z.string().min(1) })])
    .transform((voice) => (typeof voice === 'string' ? voice : voice.id)),
  instructions: z.string().max(4096).nullish(),
  response_format: z.enum(['pcm', 'wav'], 'the sandbox speaks pcm and wav only').default('wav'),
  speed: z.number().min(0.25).max(4).nullish(),
  stream_format: z.enum(['audio', 'sse']).nullish(),
})

type SpeechRequest = z.infer<typeof speechSchema>

/** `POST /v1/audio/speech`: audio streamed word by word, as fast as it is taken. */
export async function handleSpeech(c: HonoContext, context: ProviderContext): Promise<Response> {
  requireKey(c.req.header('authorization'))
  const text = await readText(c)
  const body = parseJson(text)
  return serveSpeech(c, context, {
    text,
    body,
    toFault: toFaultError,
    begin(signal) {
      const parsed = speechSchema.safeParse(body)
      if (!parsed.success) throw toInvalidRequest(parsed.error)
      const request = parsed.data
      const isSse = request.stream_format === 'sse'
      const words = speakInParts(request, context.isAudible, signal)
      const parts = withHeader(request.response_format === 'wav', words)
      return {
        said: request.input,
        headers: {
          ...commonHeaders(context.latencies.ttsFirstByteMs),
          'content-type': isSse
            ? 'text/event-stream; charset=utf-8'
            : request.response_format === 'wav'
              ? 'audio/wav'
              : 'audio/pcm',
        },
        parts: isSse ? asEvents(parts, request.input) : parts,
      }
    },
  })
}

/** The simulated voice word by word; or, where audible speech is wanted and possible, sentence by sentence. */
async function* speakInParts(
  request: SpeechRequest,
  isAudible: boolean,
  signal: AbortSignal,
): AsyncGenerator<Int16Array> {
  const speed = request.speed ?? 1
  const sentences = isAudible ? request.input.split(/(?<=[.!?…])\s+/u) : [request.input]
  for (const sentence of sentences) {
    const audible = isAudible
      ? await speakAudibly(sentence, { sampleRateHz: SAMPLE_RATE_HZ, speed, signal })
      : null
    if (audible) yield audible
    else yield* encodeSpeechParts(sentence, { sampleRateHz: SAMPLE_RATE_HZ, voice: request.voice, speed })
  }
}

async function* withHeader(isWav: boolean, words: AsyncIterable<Int16Array>): AsyncGenerator<Uint8Array> {
  if (isWav) yield streamedWavHeader(SAMPLE_RATE_HZ)
  for await (const word of words) yield pcmToBytes(word)
}

async function* asEvents(parts: AsyncIterable<Uint8Array>, input: string): AsyncGenerator<string> {
  for await (const part of parts) {
    yield toEvent({ type: 'speech.audio.delta', audio: Buffer.from(part).toString('base64') })
  }
  const tokens = Math.ceil(input.length / 4)
  yield toEvent({
    type: 'speech.audio.done',
    usage: { input_tokens: tokens, output_tokens: tokens * 10, total_tokens: tokens * 11 },
  })
}

function toEvent(event: { type: string; [field: string]: unknown }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}
