import type { ServerResponse } from 'node:http'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { pcmToBytes } from '@phonevoice/audio'
import { z } from 'zod'
import { pause } from '../../pause.ts'
import { encodeSpeechParts, speakAudibly } from '../../speech/index.ts'
import { toInvalidRequest } from '../api-error.ts'
import type { Fault } from '../faults.ts'
import {
  clientSignal,
  commonHeaders,
  type HonoContext,
  type ProviderContext,
  parseJson,
  readText,
  requireKey,
  toFaultError,
} from '../http.ts'

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
  const { timers, latencies, requests, faults } = context
  requireKey(c.req.header('authorization'))
  const text = await readText(c)
  const body = parseJson(text)
  const entry = requests.add('speech', c.env.incoming.headers, body)
  const finish = (outcome: typeof entry.outcome): void => {
    entry.outcome = outcome
    requests.changed()
  }
  try {
    const fault = faults.take('speech', { text })
    if (fault?.kind === 'status') throw toFaultError(fault)
    const parsed = speechSchema.safeParse(body)
    if (!parsed.success) throw toInvalidRequest(parsed.error)
    const request = parsed.data
    const signal = clientSignal(c, context.closing)
    await pause(timers, latencies.ttsFirstByteMs + (fault?.kind === 'slow' ? fault.delay_ms : 0), signal)
    const response = c.env.outgoing
    for (const [name, value] of Object.entries(commonHeaders(latencies.ttsFirstByteMs)))
      response.setHeader(name, value)
    const isSse = request.stream_format === 'sse'
    const audioType = request.response_format === 'wav' ? 'audio/wav' : 'audio/pcm'
    response.setHeader('content-type', isSse ? 'text/event-stream; charset=utf-8' : audioType)
    const words = speakInParts(request, context.isAudible, signal)
    const parts = withHeader(request.response_format === 'wav', words)
    const isWhole = await sendParts(
      response,
      isSse ? asEvents(parts, request.input) : parts,
      fault,
      signal,
      context,
    )
    entry.reply = request.input
    if (context.closing.aborted) response.destroy()
    finish(isWhole ? 'completed' : signal.aborted && fault?.kind !== 'cut' ? 'aborted' : 'failed')
    return RESPONSE_ALREADY_SENT
  } catch (error) {
    finish('failed')
    throw error
  }
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

async function sendParts(
  response: ServerResponse,
  parts: AsyncIterable<Uint8Array | string>,
  fault: Fault | null,
  signal: AbortSignal,
  { timers }: ProviderContext,
): Promise<boolean> {
  let sent = 0
  for await (const part of parts) {
    if (fault && sent >= fault.after && fault.kind === 'stall') await pause(timers, fault.delay_ms, signal)
    if (fault && sent >= fault.after && fault.kind === 'cut') {
      response.socket?.resetAndDestroy()
      return false
    }
    if (signal.aborted) return false
    await write(response, part, signal)
    sent++
  }
  response.end()
  return true
}

/** Waits for the client to have taken it, and lets other requests have their turn. */
function write(response: ServerResponse, part: Uint8Array | string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
    response.write(part, done)
  })
}

async function* withHeader(isWav: boolean, words: AsyncIterable<Int16Array>): AsyncGenerator<Uint8Array> {
  if (isWav) yield streamedWavHeader()
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

/** A WAV header whose lengths are unknown (all ones), as a stream has it. */
function streamedWavHeader(): Uint8Array {
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE(0xffffffff, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(SAMPLE_RATE_HZ, 24)
  header.writeUInt32LE(SAMPLE_RATE_HZ * 2, 28)
  header.writeUInt16LE(2, 32)
  header.writeUInt16LE(16, 34)
  header.write('data', 36)
  header.writeUInt32LE(0xffffffff, 40)
  return header
}
