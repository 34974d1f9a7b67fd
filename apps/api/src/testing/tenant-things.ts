import { newId } from '@phonevoice/base'
import { createApiKey } from '@phonevoice/services/api-keys'
import { createAssistant, deleteAssistant } from '@phonevoice/services/assistants'
import { createCall } from '@phonevoice/services/calls'
import { addDoNotCall, removeDoNotCall } from '@phonevoice/services/do-not-call'
import { bindPhoneNumber, unbindPhoneNumber } from '@phonevoice/services/phone-numbers'
import { createWebhookEndpoint, deleteWebhookEndpoint } from '@phonevoice/services/webhook-endpoints'
import { seedCall, type TestOrganization, type TestServer } from './test-server.ts'

/** A kind of thing that a path may name by its id. */
export interface ThingKind {
  prefix: Parameters<typeof newId>[0]
  /** Keys of the other mode do not see it. */
  isModeBound: boolean
  /** Makes one in test mode; answers with its id. */
  create(server: TestServer, owner: TestOrganization): Promise<string>
  /** Absent: there is no deleting it. */
  remove?(server: TestServer, owner: TestOrganization, id: string): Promise<unknown>
}

let count = 0

/** Every kind of thing that a path of the api names. */
export const THINGS = {
  call: { prefix: 'call', isModeBound: true, create: (server, owner) => seedCall(server, owner) },
  assistant: {
    prefix: 'assistant',
    isModeBound: false,
    create: async ({ context }, { organizationId }) =>
      (await createAssistant(context, { organizationId, settings: { name: 'Ada' } })).id,
    remove: ({ context }, { organizationId }, assistantId) =>
      deleteAssistant(context, { organizationId, assistantId }),
  },
  phoneNumber: {
    prefix: 'phoneNumber',
    isModeBound: true,
    async create({ context }, { organizationId, assistantId }) {
      const phoneNumber = `+1202555019${count++ % 10}`
      const binding = { organizationId, mode: 'test', phoneNumber, assistantId } as const
      return (await bindPhoneNumber(context, binding)).resource.id
    },
    remove: ({ context }, { organizationId }, phoneNumberId) =>
      unbindPhoneNumber(context, { organizationId, mode: 'test', phoneNumberId }),
  },
  webhookEndpoint: {
    prefix: 'endpoint',
    isModeBound: true,
    async create({ context }, { organizationId }) {
      const request = { url: 'https://example.com/hooks' }
      return (await createWebhookEndpoint(context, { organizationId, mode: 'test', request })).resource.id
    },
    remove: ({ context }, { organizationId }, endpointId) =>
      deleteWebhookEndpoint(context, { organizationId, mode: 'test', endpointId }),
  },
  delivery: {
    prefix: 'delivery',
    isModeBound: true,
    async create({ context, db }, { organizationId, assistantId }) {
      const { body } = await createCall(context, {
        organizationId,
        mode: 'test',
        request: {
          phone_number: '+12025550100',
          assistant_id: assistantId,
          webhook_url: 'https://example.com/hooks',
          webhook_events: ['call.queued'],
        },
        idempotency: null,
      })
      const [row] = await db.sql<[{ id: string }]>`
        select id from deliveries where call_id = ${(JSON.parse(body) as { id: string }).id}`
      return row.id
    },
  },
  doNotCall: {
    prefix: 'doNotCall',
    isModeBound: false,
    async create({ context }, { organizationId }) {
      const phoneNumber = `+1415555${String(1000 + count++)}`
      return (await addDoNotCall(context, { organizationId, phoneNumber, note: null })).id
    },
    remove: ({ context }, { organizationId }, id) => removeDoNotCall(context, { organizationId, id }),
  },
  apiKey: {
    prefix: 'apiKey',
    isModeBound: true,
    create: async ({ context }, { organizationId }) =>
      (await createApiKey(context, { organizationId, mode: 'test', name: 'k' })).id,
  },
} as const satisfies Record<string, ThingKind>

export type Kind = keyof typeof THINGS

/** A thing of mine that my key must see, and every id that must look to it as if there were nothing. */
export async function idsOf(
  server: TestServer,
  kind: Kind,
): Promise<{ own: string; others: [string, string][] }> {
  const { mine, theirs } = server
  const thing: ThingKind = THINGS[kind]
  const own = await thing.create(server, mine)
  const others: [string, string][] = [
    ["another organization's", await thing.create(server, theirs)],
    ['another kind', kind === 'assistant' ? await THINGS.call.create(server, mine) : mine.assistantId],
    ['another kind with the right prefix', `${own.split('_')[0]}_${mine.organizationId.split('_')[1]}`],
    ['upper case', own.toUpperCase()],
    ['more at the end', `${own}0`],
    ['less at the end', own.slice(0, -1)],
    ['a blank before', `%20${own}`],
    ['a SQL wildcard', `${own.slice(0, -1)}%25`],
    ["another organization's own id", theirs.organizationId],
    ['nothing like an id', 'x'],
  ]
  if (thing.remove) {
    const deleted = await thing.create(server, mine)
    await thing.remove(server, mine, deleted)
    others.push(['deleted', deleted])
  }
  return { own, others }
}

/** Well formed, and nobody's. */
export function unknownIdOf(kind: Kind): string {
  return newId(THINGS[kind].prefix)
}
