import { newId } from '@phonevoice/base'
import { type DeliveryResource, serialiseEndpointEventData } from '@phonevoice/contracts'
import type { ServiceContext } from '../context.ts'
import { getDelivery } from '../deliveries/read-deliveries.ts'
import { testTarget } from '../deliveries/targets.ts'
import { type EndpointKey, endpointNotFound, loadEndpoint } from './read-endpoints.ts'

/**
 * Sends a test event to an endpoint, also to a disabled one: once, at once, and without a say in whether the endpoint is broken, except that a
 * success shows it is not. Answers with the delivery, which a worker makes. Throws `not_found`.
 */
export async function testWebhookEndpoint(
  ctx: ServiceContext,
  input: EndpointKey,
): Promise<DeliveryResource> {
  const { row } = await loadEndpoint(ctx, input)
  const nowMs = ctx.clock.now()
  const now = new Date(nowMs)
  const eventId = newId('event', nowMs)
  const deliveryId = newId('delivery', nowMs)
  const data = serialiseEndpointEventData('endpoint.test', {
    endpoint_id: row.id,
    message: 'A test of this endpoint, sent on request.',
  })
  await ctx.db.sql`
    with new_event as (
      insert into endpoint_events (id, organization_id, endpoint_id, type, occurred_at, data)
      values (${eventId}, ${row.organizationId}, ${row.id}, 'endpoint.test', ${now}, ${data})
      returning id
    )
    insert into deliveries (id, organization_id, mode, event_id, sequence, endpoint_id, target, url, status, created_at, next_at, attempt)
    select ${deliveryId}, ${row.organizationId}, ${row.mode}, id, 0, ${row.id}, ${testTarget(row.id)}, ${row.url}, 'pending', ${now}, ${now}, 0
    from new_event`
  ctx.wake({ kind: 'delivery', id: deliveryId })
  const delivery = await getDelivery(ctx, { ...input, deliveryId })
  if (!delivery) throw endpointNotFound()
  return delivery
}
