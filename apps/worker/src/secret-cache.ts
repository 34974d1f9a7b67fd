import type { Clock } from '@phonevoice/base'
import type { ServiceContext } from '@phonevoice/services/context'
import type { ClaimedDelivery } from '@phonevoice/services/deliveries'
import { getWebhookSecret, type WebhookSecrets } from '@phonevoice/services/organizations'
import { getEndpointSecret } from '@phonevoice/services/webhook-endpoints'

/** A rotation shows in deliveries after at most this long; until it is completed both secrets sign. */
const KEPT_MS = 5000
const SIZE_MAX = 1000

/** What signs a delivery: the secret of its endpoint, else of its organization. Spares a read and a decryption per delivery. */
export function createSecretCache(
  ctx: ServiceContext,
  clock: Clock,
): (delivery: Pick<ClaimedDelivery, 'organizationId' | 'endpointId'>) => Promise<WebhookSecrets> {
  const read = (organizationId: string, endpointId: string | null) =>
    endpointId === null ? getWebhookSecret(ctx, { organizationId }) : getEndpointSecret(ctx, { endpointId })
  const cache = new Map<string, { readAtMs: number; secrets: Promise<WebhookSecrets> }>()
  return ({ organizationId, endpointId }) => {
    const owner = endpointId ?? organizationId
    const known = cache.get(owner)
    if (known && clock.now() - known.readAtMs < KEPT_MS) return known.secrets
    const entry = { readAtMs: clock.now(), secrets: read(organizationId, endpointId) }
    entry.secrets.catch(() => {
      if (cache.get(owner) === entry) cache.delete(owner)
    })
    cache.delete(owner)
    cache.set(owner, entry)
    if (cache.size > SIZE_MAX) cache.delete(cache.keys().next().value as string)
    return entry.secrets
  }
}
