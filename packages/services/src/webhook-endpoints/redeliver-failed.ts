import type { ServiceContext } from '../context.ts'
import { redeliverFailed } from '../deliveries/redeliver.ts'
import { type EndpointKey, loadEndpoint } from './read-endpoints.ts'

/** Replays what an endpoint has failed to take since a time. Throws `not_found`, `endpoint_disabled`. */
export async function redeliverFailedOfEndpoint(
  ctx: ServiceContext,
  input: EndpointKey & { since: Date },
): Promise<{ count: number; hasMore: boolean }> {
  await loadEndpoint(ctx, input)
  return redeliverFailed(ctx, input)
}
