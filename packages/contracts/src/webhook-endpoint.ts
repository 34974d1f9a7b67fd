import { z } from 'zod'
import { DEFAULT_WEBHOOK_EVENTS, EVENT_TYPES, type EventType } from './call.ts'
import { httpUrlSchema } from './http-url.ts'
import { momentSchema } from './moment.ts'

/** Events about an endpoint rather than a call. */
export const ENDPOINT_EVENT_TYPES = ['endpoint.disabled', 'endpoint.test'] as const
export type EndpointEventType = (typeof ENDPOINT_EVENT_TYPES)[number]
/** Everything a webhook may carry. */
export const WEBHOOK_EVENT_TYPES = [...EVENT_TYPES, ...ENDPOINT_EVENT_TYPES] as const
export type WebhookEventType = EventType | EndpointEventType

/** What an endpoint can ask for; a test goes to the one that is tested, whatever it asked for. */
export const SUBSCRIBABLE_EVENT_TYPES = [...EVENT_TYPES, 'endpoint.disabled'] as const
export const DEFAULT_ENDPOINT_EVENTS = [...DEFAULT_WEBHOOK_EVENTS, 'endpoint.disabled'] as const

/** Endpoints of one organization and mode. */
export const WEBHOOK_ENDPOINTS_MAX = 20

export const ENDPOINT_DISABLED_REASONS = ['requested', 'gone', 'failing'] as const
export type EndpointDisabledReason = (typeof ENDPOINT_DISABLED_REASONS)[number]

const eventsSchema = z
  .array(z.enum(SUBSCRIBABLE_EVENT_TYPES))
  .min(1)
  .max(SUBSCRIBABLE_EVENT_TYPES.length)
  .transform((types) => [...new Set(types)])
const descriptionSchema = z.string().max(500)

export const webhookEndpointCreateSchema = z
  .strictObject({
    url: httpUrlSchema.meta({ example: 'https://example.com/hooks' }),
    events: eventsSchema.optional().meta({
      description:
        'Which events it receives. Default: `call.started`, `transcription`, `call.completed` and `endpoint.disabled`.',
    }),
    description: descriptionSchema.optional().meta({ description: 'For people.' }),
    enabled: z.boolean().optional().meta({ description: 'Default true.' }),
  })
  .meta({ id: 'WebhookEndpointCreate' })
export type WebhookEndpointCreate = z.infer<typeof webhookEndpointCreateSchema>

export const webhookEndpointPatchSchema = z
  .strictObject({
    url: httpUrlSchema.optional(),
    events: eventsSchema.optional(),
    description: descriptionSchema.nullable().optional(),
    enabled: z.boolean().optional().meta({
      description: '`true` also forgets past failures; `false` stops deliveries at once.',
    }),
  })
  .meta({ id: 'WebhookEndpointPatch' })
export type WebhookEndpointPatch = z.infer<typeof webhookEndpointPatchSchema>

export const endpointBreakerSchema = z
  .object({
    state: z.enum(['closed', 'open', 'half_open']).meta({
      description: '`open`: nothing is sent until `retry_at`. `half_open`: the next delivery decides.',
    }),
    consecutive_failures: z.int().meta({ description: 'Failed attempts since the last success.' }),
    failing_since: z.iso.datetime().nullable(),
    retry_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'EndpointBreaker' })

export const endpointStatisticsSchema = z
  .object({
    since: z.iso
      .datetime()
      .meta({ description: '24 hours ago, or where the newest 10,000 deliveries begin.' }),
    delivered: z.int(),
    failed: z.int().meta({ description: 'Given up.' }),
    pending: z.int(),
    attempts: z.int(),
    duration_ms: z
      .object({ p50: z.number(), p95: z.number() })
      .nullable()
      .meta({ description: 'How long attempts took, failed ones included; null without any.' }),
  })
  .meta({ id: 'EndpointStatistics' })
export type EndpointStatistics = z.infer<typeof endpointStatisticsSchema>

export const webhookEndpointSchema = z
  .object({
    id: z.string().meta({ example: 'endp_01jd3v9x6k8m2n4p6q8r0s2t4v' }),
    object: z.literal('webhook_endpoint'),
    mode: z.enum(['test', 'live']).meta({ description: 'It receives the events of calls of this mode.' }),
    url: z.string(),
    description: z.string().nullable(),
    events: z.array(z.enum(SUBSCRIBABLE_EVENT_TYPES)),
    enabled: z.boolean(),
    disabled_reason: z.enum(ENDPOINT_DISABLED_REASONS).nullable().meta({
      description:
        '`requested` by you; `gone`: it answered 410; `failing`: nothing but failures for five days.',
    }),
    disabled_at: z.iso.datetime().nullable(),
    is_rotating: z.boolean().meta({ description: 'A rotation of the secret is under way.' }),
    breaker: endpointBreakerSchema,
    statistics: endpointStatisticsSchema.nullable().meta({ description: 'Null in lists.' }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'WebhookEndpoint' })
export type WebhookEndpoint = z.infer<typeof webhookEndpointSchema>

export const webhookEndpointCreatedSchema = webhookEndpointSchema
  .extend({ secret: z.string().meta({ description: 'Signs its webhooks. Shown this once.' }) })
  .meta({ id: 'WebhookEndpointCreated' })
export type WebhookEndpointCreated = z.infer<typeof webhookEndpointCreatedSchema>

export const webhookEndpointRotatedSchema = webhookEndpointSchema
  .extend({
    next_secret: z
      .string()
      .meta({ description: 'Signs `PhoneVoice-Signature-Next` until you complete the rotation.' }),
  })
  .meta({ id: 'WebhookEndpointRotated' })
export type WebhookEndpointRotated = z.infer<typeof webhookEndpointRotatedSchema>

export const redeliverFailedSchema = z
  .strictObject({
    since: momentSchema.meta({ description: 'Failed deliveries created at this time or later.' }),
  })
  .meta({ id: 'RedeliverFailed' })

export const redeliverySchema = z
  .object({
    object: z.literal('redelivery'),
    count: z.int().meta({ description: 'How many will be sent again.' }),
    has_more: z.boolean().meta({ description: 'There may be more: ask again.' }),
  })
  .meta({ id: 'Redelivery' })

/** The `data` of each event about an endpoint. */
export const ENDPOINT_EVENT_DATA = {
  'endpoint.disabled': z.object({
    endpoint_id: z.string(),
    url: z.string(),
    reason: z.enum(['gone', 'failing']),
    disabled_at: z.iso.datetime(),
  }),
  'endpoint.test': z.object({ endpoint_id: z.string(), message: z.string() }),
} as const satisfies Record<EndpointEventType, z.ZodType>
export type EndpointEventData<T extends EndpointEventType> = z.infer<(typeof ENDPOINT_EVENT_DATA)[T]>

/** An event about an endpoint as it is sent: the same fields as one about a call, without call and number. */
export const endpointEventSchema = z
  .object({
    event: z.enum(ENDPOINT_EVENT_TYPES),
    call_id: z.null(),
    timestamp: z.int().meta({ description: 'When it happened, Unix seconds.' }),
    data: z.record(z.string(), z.unknown()),
    id: z.string(),
    sequence: z.null(),
  })
  .meta({ id: 'EndpointEvent' })

/** The counterpart of `renderEvent`; `data` is JSON text. */
export function renderEndpointEvent(event: {
  id: string
  type: EndpointEventType
  occurredAtMs: number
  data: string
}): string {
  const head = `{"event":${JSON.stringify(event.type)},"call_id":null,"timestamp":${Math.floor(event.occurredAtMs / 1000)}`
  return `${head},"data":${event.data},"id":${JSON.stringify(event.id)},"sequence":null}`
}

/** The counterpart of `serialiseEventData`. */
export function serialiseEndpointEventData<T extends EndpointEventType>(
  _type: T,
  data: EndpointEventData<T>,
): string {
  return JSON.stringify(JSON.parse(JSON.stringify(data)))
}
