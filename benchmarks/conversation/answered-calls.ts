import { randomBytes } from 'node:crypto'
import { signTwilioUrl } from '@phonevoice/carriers'
import { createCall, recordCarrierStatus } from '@phonevoice/services/calls'
import { mintStream } from '@phonevoice/services/streams'
import type { Product } from '../harness/product.ts'
import type { Ticket } from './line.ts'

/** Calls that have just been answered, each with the right to open its stream within 30 seconds. */
export async function createAnsweredCalls(
  { ctx, seed, sandbox }: Product,
  assistantId: string,
  count: number,
): Promise<Ticket[]> {
  const tickets: Ticket[] = []
  for (let index = 0; index < count; index++) {
    const created = await createCall(ctx, {
      organizationId: seed.organizationId,
      mode: 'test',
      request: {
        phone_number: '+12025550100',
        assistant_id: assistantId,
        webhook_url: 'https://example.com/hooks',
      },
      idempotency: null,
    })
    const { id: callId } = JSON.parse(created.body) as { id: string }
    const carrierCallId = `CA${randomBytes(16).toString('hex')}`
    await recordCarrierStatus(ctx, {
      callId,
      carrierCallId,
      status: 'in-progress',
      carrierCode: null,
      atMs: ctx.clock.now(),
    })
    const { url, token } = await mintStream(ctx, { callId, streamNumber: 1 })
    // The carrier signs the scheme wss, whatever carries it.
    const signature = signTwilioUrl(sandbox.authToken, url.replace(/^ws:/, 'wss:'))
    tickets.push({ url, token, signature, carrierCallId, accountSid: sandbox.accountSid })
  }
  return tickets
}
