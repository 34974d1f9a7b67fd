import {
  ENDPOINT_EVENT_DATA,
  EVENT_DATA,
  endpointEventSchema,
  eventSchema,
  SCOPES,
} from '@phonevoice/contracts'
import { z } from 'zod'
import type { ApiDependencies } from './dependencies.ts'
import { type Api, createApi } from './routes/describe.ts'
import { addRoutes } from './routes/index.ts'

export type OpenApiDocument = ReturnType<Api['getOpenAPI31Document']>

/** Sentences for the webhook section, one per event. */
const WEBHOOKS: Readonly<Record<keyof typeof EVENT_DATA, string>> = {
  'call.queued': 'The call was accepted. Not sent unless `webhook_events` asks for it.',
  'call.ringing': 'The phone rings. Not sent unless `webhook_events` asks for it.',
  'call.started': 'The call was answered.',
  transcription: 'Someone has finished speaking; of the assistant, what was heard.',
  'call.ended': 'The line is down. Not sent unless `webhook_events` asks for it.',
  'call.completed': 'Everything about the call is known. Exactly one per call.',
}

const ENDPOINT_WEBHOOKS: Readonly<Record<keyof typeof ENDPOINT_EVENT_DATA, string>> = {
  'endpoint.disabled':
    'Another webhook endpoint was disabled, because it answered 410 or failed for five days.',
  'endpoint.test': 'You asked for a test of this endpoint.',
}

const DESCRIPTION = `Software makes and answers phone calls with an AI voice assistant.

Authenticate with \`Authorization: Bearer pv_test_…\` or \`pv_live_…\`; test keys call simulated phones and cost nothing. The \`security\` of each
operation names the scope its key must have. Errors are
\`application/problem+json\` with a stable \`code\`. Unknown request fields are refused; responses may gain fields at any time. Every answer to a key
says what is left of its rates in \`RateLimit\` and \`RateLimit-Policy\`; a refused request carries \`Retry-After\`.`

/** Adds what belongs to the whole description and to no single route. */
export function describeApi(api: Api): void {
  const registry = api.openAPIRegistry
  registry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: `An API key. Scopes: ${Object.entries(SCOPES)
      .map(([scope, sentence]) => `\`${scope}\`: ${sentence}`)
      .join(' ')}`,
  })
  const describeWebhook = (event: string, schema: z.ZodObject, description: string) =>
    registry.registerWebhook({
      method: 'post',
      path: event,
      summary: event,
      description,
      request: {
        body: {
          content: {
            'application/json': {
              schema: schema.meta({
                id: `Event ${event}`.replace(/\W+(\w)/g, (_, letter) => letter.toUpperCase()),
              }),
            },
          },
        },
      },
      responses: { 200: { description: 'Any 2xx: received.' } },
    })
  for (const [event, data] of Object.entries(EVENT_DATA))
    describeWebhook(
      event,
      eventSchema.extend({ event: z.literal(event), data }),
      WEBHOOKS[event as keyof typeof EVENT_DATA],
    )
  for (const [event, data] of Object.entries(ENDPOINT_EVENT_DATA))
    describeWebhook(
      event,
      endpointEventSchema.extend({ event: z.literal(event), data }),
      ENDPOINT_WEBHOOKS[event as keyof typeof ENDPOINT_EVENT_DATA],
    )
}

/** The description of everything the api offers to users. */
export function toDocument(api: Api): OpenApiDocument {
  const document = api.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'PhoneVoice', version: '1', description: DESCRIPTION },
    servers: [{ url: '/', description: 'This server.' }],
    tags: [
      { name: 'Calls', description: 'Make calls and read everything about them.' },
      { name: 'Assistants', description: 'Who speaks on a call, and how.' },
      { name: 'Phone numbers', description: 'Which assistant answers which number.' },
      {
        name: 'Webhooks',
        description: 'Who receives the events of calls, and what became of each delivery.',
      },
      { name: 'Do not call', description: 'Numbers that are never called.' },
      { name: 'API keys', description: 'Keys for your own programs, and who did what with them.' },
      { name: 'System', description: 'For whoever runs the service.' },
    ],
  })
  return allowNull(document) as OpenApiDocument
}

/**
 * The generator writes a named schema that may be null as "this schema, and of its type or null", which null never is. Here it becomes "this schema, or
 * null" (JSON Schema 2020-12, "anyOf").
 */
function allowNull(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(allowNull)
  if (typeof node !== 'object' || node === null) return node
  const entries = Object.entries(node).map(([name, part]) => [name, allowNull(part)])
  const { allOf, ...rest } = Object.fromEntries(entries) as { allOf?: { type?: unknown; $ref?: string }[] }
  if (!allOf) return rest
  const [named, other] = allOf
  if (!named?.$ref || !Array.isArray(other?.type) || !other.type.includes('null')) return { ...rest, allOf }
  const { type: _, ...said } = other
  return { ...rest, ...said, anyOf: [named, { type: 'null' }] }
}

/** The description without a server. Adding a route only remembers its dependencies; none of them is used before a request comes. */
export function createDocument(): OpenApiDocument {
  const api = createApi()
  addRoutes(api, {} as ApiDependencies)
  describeApi(api)
  return toDocument(api)
}
