import { z } from 'zod'

/** Models that find no ends of speech themselves: `turn_detection` must be null and the client commits (guide "Realtime transcription"). */
const MODELS_WITHOUT_TURN_DETECTION: ReadonlySet<string> = new Set([
  'gpt-live-transcribe',
  'gpt-realtime-whisper',
])

const formatSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('audio/pcm'), rate: z.literal(24_000).optional() }),
  z.strictObject({ type: z.literal('audio/pcmu') }),
])

const transcriptionSchema = z.strictObject({
  model: z.string().min(1),
  language: z.string().nullish(),
  languages: z.array(z.string()).nullish(),
  prompt: z.string().nullish(),
  keywords: z.array(z.string()).nullish(),
  delay: z.enum(['minimal', 'low', 'medium', 'high', 'xhigh']).nullish(),
})

const inputSchema = z.strictObject({
  format: formatSchema.optional(),
  transcription: transcriptionSchema.nullish(),
  noise_reduction: z.looseObject({ type: z.enum(['near_field', 'far_field']) }).nullish(),
  turn_detection: z.looseObject({ type: z.string() }).nullish(),
})

const sessionSchema = z.strictObject({
  type: z.literal('transcription'),
  audio: z.strictObject({ input: inputSchema }),
  include: z.array(z.literal('item.input_audio_transcription.logprobs')).nullish(),
})

/** What a transcription session is set to. */
export interface SessionSettings {
  format: z.infer<typeof formatSchema>
  transcription: z.infer<typeof transcriptionSchema> | null
}

export const clientEventSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('session.update'), session: z.unknown() }),
  z.looseObject({ type: z.literal('input_audio_buffer.append'), audio: z.string() }),
  z.looseObject({ type: z.literal('input_audio_buffer.commit') }),
  z.looseObject({ type: z.literal('input_audio_buffer.clear') }),
])

export type ClientEvent = z.infer<typeof clientEventSchema>

/** Why a client event was refused; sent as an `error` event. */
export class EventError extends Error {
  readonly code: string
  readonly param: string | null

  constructor(code: string, message: string, param: string | null = null) {
    super(message)
    this.code = code
    this.param = param
  }
}

/** Applies `session.update` to what is set. Throws `EventError`. */
export function updateSettings(current: SessionSettings, session: unknown): SessionSettings {
  const result = sessionSchema.safeParse(session)
  if (!result.success) throw toEventError(result.error)
  const { input } = result.data.audio
  const transcription = input.transcription === undefined ? current.transcription : input.transcription
  const model = transcription?.model ?? ''
  if (MODELS_WITHOUT_TURN_DETECTION.has(model) && input.turn_detection !== null) {
    throw new EventError(
      'invalid_value',
      `Turn detection is not supported with model '${model}'; set it to null and commit the audio buffer yourself.`,
      'session.audio.input.turn_detection',
    )
  }
  if (input.turn_detection) {
    throw new EventError(
      'invalid_value',
      'The sandbox has no turn detection; set it to null.',
      'session.audio.input.turn_detection',
    )
  }
  return { format: input.format ?? current.format, transcription }
}

function toEventError(error: z.ZodError): EventError {
  const issue = error.issues[0]
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const param = ['session', ...(issue?.path ?? []), ...(unknown ? [unknown] : [])].join('.')
  if (unknown) return new EventError('unknown_parameter', `Unknown parameter: '${param}'.`, param)
  return new EventError(
    'invalid_value',
    `Invalid value at '${param}': ${issue?.message ?? 'not understood'}.`,
    param,
  )
}
