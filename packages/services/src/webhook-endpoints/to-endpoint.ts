import type { EndpointStatistics, WebhookEndpoint } from '@phonevoice/contracts'
import type { schema } from '@phonevoice/db'

export type EndpointRow = typeof schema.webhookEndpoints.$inferSelect
export type BreakerRow = typeof schema.breakers.$inferSelect

/** The public shape. `breaker` is null while nothing has failed since the last success. */
export function toEndpoint(
  row: EndpointRow,
  options: { breaker: BreakerRow | null; statistics: EndpointStatistics | null; nowMs: number },
): WebhookEndpoint {
  return {
    id: row.id,
    object: 'webhook_endpoint',
    mode: row.mode,
    url: row.url,
    description: row.description,
    events: row.events as WebhookEndpoint['events'],
    enabled: row.isEnabled,
    disabled_reason: row.disabledReason,
    disabled_at: row.disabledAt?.toISOString() ?? null,
    is_rotating: row.nextSecretSealed !== null,
    breaker: toBreaker(options.breaker, options.nowMs),
    statistics: options.statistics,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  }
}

function toBreaker(row: BreakerRow | null, nowMs: number): WebhookEndpoint['breaker'] {
  if (row === null) return { state: 'closed', consecutive_failures: 0, failing_since: null, retry_at: null }
  const openUntilMs = row.openUntil?.getTime() ?? null
  const state = openUntilMs === null ? 'closed' : openUntilMs > nowMs ? 'open' : 'half_open'
  return {
    state,
    consecutive_failures: row.consecutiveFailures,
    failing_since: row.failingSince.toISOString(),
    retry_at: row.openUntil?.toISOString() ?? null,
  }
}
