import { z } from 'zod'
import {
  analysisSchema,
  CALL_STATUSES,
  costLineSchema,
  EVENT_TYPES,
  type EventType,
  latencySchema,
  recordingInfoSchema,
  transcriptTurnSchema,
} from './call.ts'
import { endedReasonSchema, outcomeSchema } from './ended-reason.ts'
import { metadataSchema } from './metadata.ts'

const callProgress = z.object({ status: z.enum(CALL_STATUSES), phone_number: z.string(), from: z.string() })

/** The `data` of each event type. */
export const EVENT_DATA = {
  'call.queued': callProgress,
  'call.ringing': callProgress,
  'call.started': z.object({
    phone_number: z.string(),
    from: z.string(),
    direction: z.enum(['outbound', 'inbound']),
    assistant_id: z.string(),
    metadata: metadataSchema,
    started_at: z.iso.datetime(),
  }),
  transcription: transcriptTurnSchema,
  'call.ended': z.object({
    status: z.enum(CALL_STATUSES),
    ended_reason: endedReasonSchema,
    duration_seconds: z.int().nullable(),
  }),
  'call.completed': z.object({
    status: z.enum(CALL_STATUSES),
    duration_seconds: z.int().nullable(),
    cost: z.number(),
    cost_breakdown: z.array(costLineSchema),
    recording_url: z.string().nullable(),
    recording: recordingInfoSchema,
    analysis: analysisSchema,
    ended_reason: endedReasonSchema,
    outcome: outcomeSchema,
    latency: latencySchema.nullable(),
    metadata: metadataSchema,
  }),
} as const satisfies Record<EventType, z.ZodType>

export type EventData<T extends EventType> = z.infer<(typeof EVENT_DATA)[T]>

/** One fact about a call as everyone outside reads it: webhook body, line of the event list, SSE data. */
export const eventSchema = z
  .object({
    event: z.enum(EVENT_TYPES),
    call_id: z.string(),
    timestamp: z.int().meta({ description: 'When it happened, Unix seconds.' }),
    data: z.record(z.string(), z.unknown()).meta({
      description: '`{"redacted": true}` once the call\'s content has been deleted.',
    }),
    id: z.string().meta({
      description: 'The same on every delivery: deduplicate by it.',
      example: 'evt_01jd3v9x6k8m2n4p6q8r0s2t4v',
    }),
    sequence: z.int().meta({ description: 'Counts the events of a call from 1 without gaps.' }),
  })
  .meta({ id: 'Event' })

/** An event as it is stored: `data` is JSON text, serialised once when the event was written. */
export interface StoredEvent {
  id: string
  callId: string
  type: EventType
  sequence: number
  /** Unix milliseconds. */
  occurredAtMs: number
  data: string
}

/** What `data` becomes when a call's content is deleted; the rest of the event stays. */
export const REDACTED_EVENT_DATA = '{"redacted":true}'

/** Serialises event data once, in a form that survives `JSON.stringify(JSON.parse(text))` unchanged. */
export function serialiseEventData<T extends EventType>(data: EventData<T>): string {
  // One round trip settles what JSON cannot hold (undefined, -0) and moves integer-like keys to where every parser puts them.
  return JSON.stringify(JSON.parse(replaceLoneSurrogates(JSON.stringify(data))))
}

/**
 * JSON can escape half of a surrogate pair, but no UTF-8 can hold it: receivers in other languages refuse such a body, or change it before they
 * verify. `JSON.stringify` escapes nothing else as `\ud…`; a backslash that is text comes as a pair, which the pattern takes whole.
 */
function replaceLoneSurrogates(json: string): string {
  return json.replace(/\\(?:u(d[89a-f][0-9a-f]{2})|.)/g, (sequence, half) =>
    half === undefined ? sequence : '\ufffd',
  )
}

/** The one form in which an event leaves the house; equal to `JSON.stringify(JSON.parse(output))`. */
export function renderEvent(event: StoredEvent): string {
  const head = `{"event":${JSON.stringify(event.type)},"call_id":${JSON.stringify(event.callId)},"timestamp":${Math.floor(event.occurredAtMs / 1000)}`
  return `${head},"data":${event.data},"id":${JSON.stringify(event.id)},"sequence":${event.sequence}}`
}
