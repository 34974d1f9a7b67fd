import { callCreateSchema } from '@phonevoice/contracts'
import { createAssistant } from '../assistants/index.ts'
import { createCall, findCall } from '../calls/index.ts'
import { createOrganization } from '../organizations/index.ts'
import type { TestContext } from './test-context.ts'

/** An organization with an assistant. */
export interface Tenant {
  organizationId: string
  assistantId: string
}

export async function createTenant(ctx: TestContext): Promise<Tenant> {
  const { id: organizationId } = await createOrganization(ctx, { name: 'Tenant' })
  const assistant = await createAssistant(ctx, { organizationId, settings: { name: 'Ada' } })
  return { organizationId, assistantId: assistant.id }
}

/** A queued test call to a simulated phone; answers with its id. */
export async function createTestCall(
  ctx: TestContext,
  tenant: Tenant,
  patch: Record<string, unknown> = {},
): Promise<string> {
  const request = callCreateSchema.parse({
    phone_number: '+12025550100',
    assistant_id: tenant.assistantId,
    webhook_url: 'https://example.com/hooks',
    ...patch,
  })
  const created = await createCall(ctx, {
    organizationId: tenant.organizationId,
    mode: 'test',
    request,
    idempotency: null,
  })
  return JSON.parse(created.body).id
}

/** Everything stored about a call that a change may touch. */
export async function readCall(ctx: TestContext, callId: string) {
  const call = await findCall(ctx, callId)
  if (!call) throw new Error(`There is no call ${callId}.`)
  const { sql } = ctx.db
  const events = await sql<{ sequence: number; type: string; data: string }[]>`
    select sequence, type, data from call_events where call_id = ${callId} order by sequence`
  const deliveries = await sql<{ sequence: number }[]>`
    select sequence from deliveries where call_id = ${callId} order by sequence`
  const work = await sql<{ kind: string; detail: string; next_at: Date }[]>`
    select kind, detail, next_at from work_items where call_id = ${callId} order by kind, detail`
  const turns = await sql<{ turn: number; text: string }[]>`
    select turn, text from turns where call_id = ${callId} order by turn`
  return {
    call,
    events: [...events],
    types: events.map((event) => event.type),
    deliveries: deliveries.map((delivery) => delivery.sequence),
    work: [...work],
    turns: [...turns],
  }
}
