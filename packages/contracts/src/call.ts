import { z } from 'zod'
import { assistantOverridesSchema } from './assistant.ts'
import { callingHoursSchema } from './calling-hours.ts'
import { endedReasonSchema, outcomeSchema } from './ended-reason.ts'
import { httpUrlSchema } from './http-url.ts'
import { metadataSchema, variablesSchema } from './metadata.ts'
import { phoneNumberSchema } from './phone-number.ts'

/** The life of a call, in order; the last five are ends. A call never goes back. */
export const CALL_STATUSES = [
  'queued',
  'dialing',
  'ringing',
  'in_progress',
  'completed',
  'busy',
  'no_answer',
  'failed',
  'canceled',
] as const
export type CallStatus = (typeof CALL_STATUSES)[number]
export const FINAL_CALL_STATUSES: ReadonlySet<CallStatus> = new Set([
  'completed',
  'busy',
  'no_answer',
  'failed',
  'canceled',
])

export const EVENT_TYPES = [
  'call.queued',
  'call.ringing',
  'call.started',
  'transcription',
  'call.ended',
  'call.completed',
] as const
export type EventType = (typeof EVENT_TYPES)[number]
/** What a webhook gets unless the call says otherwise. */
export const DEFAULT_WEBHOOK_EVENTS: readonly EventType[] = [
  'call.started',
  'transcription',
  'call.completed',
]

export const callCreateSchema = z
  .strictObject({
    phone_number: phoneNumberSchema.meta({ description: 'Who to call.' }),
    assistant_id: z.string().min(1).max(100).meta({ example: 'asst_01jd3v9x6k8m2n4p6q8r0s2t4v' }),
    webhook_url: httpUrlSchema.optional().meta({
      description: "Where events go; without it the assistant's.",
      example: 'https://example.com/hooks',
    }),
    from: phoneNumberSchema
      .optional()
      .meta({ description: 'Caller id: one of your numbers. Default: the first of them.' }),
    metadata: metadataSchema.optional(),
    variables: variablesSchema.optional(),
    assistant_overrides: assistantOverridesSchema.optional(),
    record: z.boolean().optional().meta({ description: "Overrides the assistant's `recording.enabled`." }),
    webhook_events: z.array(z.enum(EVENT_TYPES)).min(1).max(EVENT_TYPES.length).optional(),
    ring_timeout_seconds: z.int().min(5).max(120).optional().meta({ description: 'Default 30.' }),
    queue_timeout_seconds: z.int().min(1).max(86_400).optional().meta({
      description:
        "How long the call may wait for a free line before it ends as `queue_expired`. Default: the organization's, usually 600.",
    }),
    calling_hours: callingHoursSchema.optional().meta({
      description: "The phone rings only within these hours, and the organization's own.",
    }),
    max_duration_seconds: z
      .int()
      .min(10)
      .max(14_400)
      .optional()
      .meta({ description: "Default: the assistant's." }),
    max_cost_usd: z
      .number()
      .positive()
      .max(1000)
      .optional()
      .meta({ description: 'The call ends politely when it has cost this much.' }),
  })
  .meta({ id: 'CallCreate' })
export type CallCreate = z.infer<typeof callCreateSchema>

export const costLineSchema = z
  .object({
    component: z
      .enum(['carrier', 'media_stream', 'stt', 'llm', 'early_thinking', 'tts', 'analysis'])
      .meta({ description: '`early_thinking`: answers begun before the turn was over and not used.' }),
    provider: z.string(),
    unit: z.string().meta({ example: 'minute' }),
    quantity: z.number(),
    unit_price: z.number().meta({ description: 'USD for `per` units.' }),
    per: z.int(),
    amount: z.number().meta({ description: 'USD, rounded once to a millionth.' }),
    source: z.enum(['measured', 'estimated', 'carrier']),
  })
  .meta({ id: 'CostLine' })
export type CostLine = z.infer<typeof costLineSchema>

export const analysisSchema = z
  .object({
    status: z
      .enum(['completed', 'failed', 'disabled', 'skipped'])
      .meta({ description: '`skipped`: nothing was said.' }),
    sentiment: z.enum(['positive', 'neutral', 'negative', 'mixed']).nullable(),
    intent: z.string().nullable(),
    summary: z.string().nullable(),
    data: z
      .record(z.string(), z.json())
      .nullable()
      .meta({ description: "The fields of the assistant's own schema.", type: ['object', 'null'] }),
  })
  .meta({ id: 'Analysis' })
export type Analysis = z.infer<typeof analysisSchema>

export const recordingInfoSchema = z
  .object({
    status: z
      .enum(['ready', 'partial', 'failed', 'disabled'])
      .meta({ description: '`partial`: some audio was lost and is silence.' }),
    duration_seconds: z.number().nullable(),
  })
  .meta({ id: 'RecordingInfo' })
export type RecordingInfo = z.infer<typeof recordingInfoSchema>

const percentiles = z.object({ p50: z.number(), p95: z.number() }).nullable()

export const turnLatencySchema = z
  .object({
    turn: z.int().nullable().meta({
      description: 'The utterance of the assistant; null when nothing of the answer was heard.',
    }),
    speech_ended_ms: z.int().nullable().meta({
      description:
        'Since when the caller waited: the end of their speech, or of the assistant’s where they spoke over it. Null: keys were pressed.',
    }),
    decided_ms: z.int().meta({ description: 'The turn was taken for over.' }),
    first_token_ms: z
      .int()
      .nullable()
      .meta({ description: 'First token of the model; before `decided_ms` when it was asked early.' }),
    first_audio_ms: z.int().nullable().meta({ description: 'The voice began to yield the answer.' }),
    sent_ms: z.int().nullable().meta({ description: 'The first of it went to the carrier.' }),
    heard_ms: z.int().nullable().meta({ description: 'The last of it that the caller heard.' }),
    interrupted: z.boolean(),
    vendors_ms: z.int().nullable().meta({
      description: 'Of the wait until `sent_ms`: for the recogniser, the model and the voice.',
    }),
    platform_ms: z.int().nullable().meta({
      description: 'The rest: detecting silence, the wait of `turn_taking.end_of_turn`, and our own work.',
    }),
  })
  .meta({ id: 'TurnLatency', description: 'One answer. Times are milliseconds since the call was answered.' })
export type TurnLatency = z.infer<typeof turnLatencySchema>

export const latencySchema = z
  .object({
    turns: z.int(),
    voice_to_voice_ms: percentiles.meta({
      description: 'End of the caller’s speech to the first audio of the answer.',
    }),
    end_of_turn_ms: percentiles.meta({ description: 'End of speech to the decision that the turn is over.' }),
    llm_first_token_ms: percentiles,
    tts_first_audio_ms: percentiles,
    vendors_ms: percentiles.optional().meta({ description: 'What the vendors took of `voice_to_voice_ms`.' }),
    platform_ms: percentiles.optional().meta({ description: 'The rest of it.' }),
    per_turn: z
      .array(turnLatencySchema)
      .optional()
      .meta({ description: 'The answers in order; of a very long call, the last 200.' }),
  })
  .meta({ id: 'Latency' })
export type Latency = z.infer<typeof latencySchema>

export const callSchema = z
  .object({
    id: z.string().meta({ example: 'call_01jd3v9x6k8m2n4p6q8r0s2t4v' }),
    object: z.literal('call'),
    mode: z.enum(['test', 'live']),
    direction: z.enum(['outbound', 'inbound']),
    status: z.enum(CALL_STATUSES),
    phone_number: z.string().meta({ description: 'The person: who is called, or who called in.' }),
    from: z.string().meta({
      description: 'Outbound: the caller id shown. Inbound: the person’s number; `phone_number` is the same.',
    }),
    assistant_id: z.string(),
    webhook_url: z.string().nullable(),
    metadata: metadataSchema,
    variables: variablesSchema,
    created_at: z.iso.datetime(),
    queue_position: z.int().nullable().meta({
      description:
        "While the call waits to be dialled: its place in your organization's queue, 1 is next. Only `GET /v1/calls/{id}` looks; null elsewhere and later.",
    }),
    queue_expires_at: z.iso
      .datetime()
      .nullable()
      .meta({ description: 'When a call that still waits ends as `queue_expired`.' }),
    started_at: z.iso.datetime().nullable().meta({ description: 'When it was answered.' }),
    ended_at: z.iso.datetime().nullable(),
    duration_seconds: z.int().nullable().meta({ description: 'Answer to end, whole seconds.' }),
    ended_reason: endedReasonSchema.nullable(),
    outcome: outcomeSchema.nullable(),
    cost: z.number().nullable().meta({ description: 'USD; the sum of `cost_breakdown`.' }),
    cost_breakdown: z.array(costLineSchema),
    recording_url: z.string().nullable(),
    analysis: analysisSchema.nullable(),
    latency: latencySchema.nullable(),
    disclosed_at: z.iso.datetime().nullable().meta({
      description:
        "By when the caller had heard the assistant's `disclosure`; null: not whole, or there is none.",
    }),
    content_deleted_at: z.iso.datetime().nullable().meta({
      description:
        'From here on nothing that was said is kept, and numbers show their last four digits only. Null: it is there.',
    }),
  })
  .meta({ id: 'Call' })
export type Call = z.infer<typeof callSchema>

export const transcriptTurnSchema = z
  .object({
    turn: z.int(),
    role: z.enum(['user', 'assistant']),
    text: z.string(),
    text_planned: z.string().nullable(),
    interrupted: z.boolean(),
    start_ms: z.int(),
    end_ms: z.int(),
    cut_offset_ms: z.int().nullable().optional().meta({
      description:
        'Interrupted assistant only: how much of its audio had been heard; `text` is as much of `text_planned`.',
    }),
  })
  .meta({ id: 'TranscriptTurn' })
export type TranscriptTurn = z.infer<typeof transcriptTurnSchema>
