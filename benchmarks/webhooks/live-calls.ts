import { randomBytes } from 'node:crypto'
import { createAssistant } from '@phonevoice/services/assistants'
import { createCall, recordCarrierStatus } from '@phonevoice/services/calls'
import { createOrganization } from '@phonevoice/services/organizations'
import type { Product } from '../harness/product.ts'

/** Answered calls, spread over as many organizations, whose transcriptions go to one receiver and nothing else does. */
export async function createLiveCalls(
  { ctx }: Product,
  options: { organizations: number; calls: number; webhookUrl: string },
): Promise<string[]> {
  const tenants: { organizationId: string; assistantId: string }[] = []
  for (let index = 0; index < options.organizations; index++) {
    const { id: organizationId } = await createOrganization(ctx, { name: `Benchmark ${index}` })
    const assistant = await createAssistant(ctx, { organizationId, settings: { name: 'Benchmark' } })
    tenants.push({ organizationId, assistantId: assistant.id })
  }
  const ids: string[] = []
  for (let index = 0; index < options.calls; index++) {
    const { organizationId, assistantId } = tenants[index % tenants.length] as (typeof tenants)[number]
    const created = await createCall(ctx, {
      organizationId,
      mode: 'test',
      request: {
        phone_number: '+12025550100',
        assistant_id: assistantId,
        webhook_url: options.webhookUrl,
        webhook_events: ['transcription'],
      },
      idempotency: null,
    })
    const { id: callId } = JSON.parse(created.body) as { id: string }
    await recordCarrierStatus(ctx, {
      callId,
      carrierCallId: `CA${randomBytes(16).toString('hex')}`,
      status: 'in-progress',
      carrierCode: null,
      atMs: ctx.clock.now(),
    })
    ids.push(callId)
  }
  return ids
}
