import type { Clock } from '@phonevoice/base'
import type { ServiceContext } from '@phonevoice/services/context'
import { getWebhookSecret, type WebhookSecrets } from '@phonevoice/services/organizations'

/** A rotation shows in deliveries after at most this long; until it is completed both secrets sign. */
const KEPT_MS = 5000
const SIZE_MAX = 1000

/** Spares a read and a decryption per delivery. */
export function createSecretCache(
  ctx: ServiceContext,
  clock: Clock,
): (organizationId: string) => Promise<WebhookSecrets> {
  const cache = new Map<string, { readAtMs: number; secrets: Promise<WebhookSecrets> }>()
  return (organizationId) => {
    const known = cache.get(organizationId)
    if (known && clock.now() - known.readAtMs < KEPT_MS) return known.secrets
    const entry = { readAtMs: clock.now(), secrets: getWebhookSecret(ctx, { organizationId }) }
    entry.secrets.catch(() => {
      if (cache.get(organizationId) === entry) cache.delete(organizationId)
    })
    cache.delete(organizationId)
    cache.set(organizationId, entry)
    if (cache.size > SIZE_MAX) cache.delete(cache.keys().next().value as string)
    return entry.secrets
  }
}
