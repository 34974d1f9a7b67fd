import { z } from 'zod'
import { EventError } from '../transcription/wire.ts'

const formatSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('audio/pcm'), rate: z.literal(24_000).optional() }),
  z.strictObject({ type: z.literal('audio/pcmu') }),
])

/** Session of type "realtime" (reference, "Realtime"), as far as it concerns speaking. The sandbox's model hears nothing. */
const sessionSchema = z.strictObject({
  type: z.literal('realtime'),
  instructions: z.string().optional(),
  output_modalities: z.tuple([z.literal('audio')], 'the sandbox answers in audio').optional(),
  audio: z
    .strictObject({
      input: z.looseObject({}).optional(),
      output: z
        .strictObject({
          format: formatSchema.optional(),
          voice: z.union([z.string().min(1), z.looseObject({ id: z.string() })]).optional(),
          speed: z.number().min(0.25).max(1.5).optional(),
        })
        .optional(),
    })
    .optional(),
  tools: z.array(z.unknown()).optional(),
  tool_choice: z.unknown().optional(),
  reasoning: z.looseObject({}).optional(),
  max_output_tokens: z.union([z.number().int().min(1).max(4096), z.literal('inf')]).optional(),
  truncation: z.unknown().optional(),
  tracing: z.unknown().optional(),
})

const itemSchema = z.looseObject({
  type: z.literal('message'),
  role: z.enum(['user', 'system', 'assistant']),
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
})

const responseSchema = z.strictObject({
  conversation: z.enum(['auto', 'none']).optional(),
  input: z.array(itemSchema).optional(),
  instructions: z.string().optional(),
  output_modalities: z.tuple([z.literal('audio')]).optional(),
  audio: z.looseObject({}).optional(),
  metadata: z.record(z.string(), z.string().max(512)).nullish(),
  tools: z.array(z.unknown()).optional(),
  tool_choice: z.unknown().optional(),
  max_output_tokens: z.union([z.number().int().min(1).max(4096), z.literal('inf')]).optional(),
})

export const voiceClientEventSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('session.update'), session: z.unknown() }),
  z.looseObject({ type: z.literal('response.create'), response: z.unknown() }),
  z.looseObject({ type: z.literal('response.cancel'), response_id: z.string().optional() }),
])

export type ResponseRequest = z.infer<typeof responseSchema>

export interface VoiceSettings {
  instructions: string
  format: z.infer<typeof formatSchema>
  voice: string
  speed: number
}

/** Applies `session.update`. Throws `EventError`. */
export function updateVoiceSettings(
  current: VoiceSettings,
  hasSpoken: boolean,
  session: unknown,
): VoiceSettings {
  const { instructions, audio } = read(sessionSchema, session, 'session')
  const output = audio?.output
  const voice = typeof output?.voice === 'object' ? output.voice.id : output?.voice
  if (hasSpoken && voice !== undefined && voice !== current.voice)
    throw new EventError(
      'cannot_update_voice',
      'Cannot update a conversation’s voice if assistant audio is present.',
    )
  return {
    instructions: instructions ?? current.instructions,
    format: output?.format ?? current.format,
    voice: voice ?? current.voice,
    speed: output?.speed ?? current.speed,
  }
}

export function readResponseRequest(response: unknown): ResponseRequest {
  return read(responseSchema, response ?? {}, 'response')
}

function read<T extends z.ZodType>(schema: T, value: unknown, place: string): z.infer<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const param = [place, ...(issue?.path ?? []), ...(unknown ? [unknown] : [])].join('.')
  throw unknown
    ? new EventError('unknown_parameter', `Unknown parameter: '${param}'.`, param)
    : new EventError(
        'invalid_value',
        `Invalid value at '${param}': ${issue?.message ?? 'not understood'}.`,
        param,
      )
}

/**
 * What the simulated model says: it reads the last message aloud. Text that is wrapped in one tag is read without the tag, as a model that was asked to do so
 * would.
 */
export function textToSpeak({ input }: ResponseRequest): string {
  const last = input?.at(-1)
  const text = (last?.content ?? [])
    .map((part) => part.text ?? '')
    .join(' ')
    .trim()
  return /^<(\w+)>([\s\S]*)<\/\1>$/.exec(text)?.[2]?.trim() ?? text
}
