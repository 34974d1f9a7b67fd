import { z } from 'zod'
import { phoneNumberSchema } from './phone-number.ts'
import { WEBHOOK_EVENT_TYPES } from './webhook-endpoint.ts'

/** A page of a list; `next_cursor` is null on the last one. */
export function listSchema<T extends z.ZodType>(item: T, id: string) {
  return z
    .object({
      object: z.literal('list'),
      data: z.array(item),
      has_more: z.boolean(),
      next_cursor: z.string().nullable(),
    })
    .meta({ id })
}

export const phoneNumberBindSchema = z
  .strictObject({ phone_number: phoneNumberSchema, assistant_id: z.string().min(1).max(100) })
  .meta({ id: 'PhoneNumberBind' })

export const phoneNumberResourceSchema = z
  .object({
    id: z.string(),
    object: z.literal('phone_number'),
    mode: z.enum(['test', 'live']),
    phone_number: z.string(),
    assistant_id: z.string().nullable().meta({ description: 'Who answers; null: calls to it are refused.' }),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'PhoneNumber' })
export type PhoneNumberResource = z.infer<typeof phoneNumberResourceSchema>

export const attemptSchema = z
  .object({
    number: z.int(),
    started_at: z.iso.datetime(),
    duration_ms: z.int(),
    response_status: z.int().nullable(),
    response_excerpt: z.string().nullable(),
    error: z.string().nullable(),
  })
  .meta({ id: 'Attempt' })

export const deliverySchema = z
  .object({
    id: z.string(),
    object: z.literal('delivery'),
    event_id: z.string(),
    event: z.enum(WEBHOOK_EVENT_TYPES),
    call_id: z.string().nullable().meta({ description: 'Null for an event about an endpoint.' }),
    sequence: z.int().nullable(),
    endpoint_id: z.string().nullable().meta({ description: "Null: the call's own `webhook_url`." }),
    url: z.string(),
    status: z.enum(['pending', 'delivered', 'failed']),
    failed_reason: z
      .enum(['retries_exhausted', 'gone', 'endpoint_disabled', 'endpoint_deleted'])
      .nullable()
      .meta({ description: 'Why it was given up; `gone`: the receiver answered 410.' }),
    replays: z.int().meta({ description: 'How often it was sent again on request.' }),
    attempts: z.array(attemptSchema),
    next_attempt_at: z.iso.datetime().nullable(),
    created_at: z.iso.datetime(),
    delivered_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Delivery' })
export type DeliveryResource = z.infer<typeof deliverySchema>

export const recordingLinkSchema = z
  .object({
    object: z.literal('recording'),
    url: z.string(),
    expires_at: z.iso.datetime(),
    duration_seconds: z.number(),
    size_bytes: z.int(),
  })
  .meta({ id: 'RecordingLink' })

export const doNotCallAddSchema = z
  .strictObject({
    phone_number: phoneNumberSchema,
    note: z.string().max(500).optional().meta({ description: 'Why, for your own records.' }),
  })
  .meta({ id: 'DoNotCallAdd' })

export const doNotCallSchema = z
  .object({
    id: z.string().meta({ example: 'dnc_01jd3v9x6k8m2n4p6q8r0s2t4v' }),
    object: z.literal('do_not_call'),
    phone_number: z.string(),
    note: z.string().nullable(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'DoNotCall' })
export type DoNotCallEntry = z.infer<typeof doNotCallSchema>
