import { isId, NotFound } from '@phonevoice/base'
import type { WebhookEndpoint } from '@phonevoice/contracts'
import { schema } from '@phonevoice/db'
import { and, desc, eq, isNull } from 'drizzle-orm'
import type { Mode, ServiceContext } from '../context.ts'
import { before } from '../pages/before.ts'
import { type Page, type PageRequest, rowsWanted, toPage } from '../pages/cursor.ts'
import { readStatistics } from './read-statistics.ts'
import { toEndpoint } from './to-endpoint.ts'

/** Names one endpoint; a key of the other mode does not see it. */
export interface EndpointKey {
  organizationId: string
  mode: Mode
  endpointId: string
}

const { webhookEndpoints, breakers } = schema

/** How the audit log names an endpoint. */
export function auditOf({ organizationId, mode, endpointId }: EndpointKey) {
  return { organizationId, mode, resourceId: endpointId }
}

/** With statistics. Throws `not_found`, also for deleted and foreign ones. */
export async function getWebhookEndpoint(ctx: ServiceContext, input: EndpointKey): Promise<WebhookEndpoint> {
  const { row, breaker } = await loadEndpoint(ctx, input)
  const statistics = await readStatistics(ctx, row.id)
  return toEndpoint(row, { breaker, statistics, nowMs: ctx.clock.now() })
}

/** The endpoints of one mode, newest first, without statistics. Throws `invalid_cursor`. */
export async function listWebhookEndpoints(
  ctx: ServiceContext,
  input: { organizationId: string; mode: Mode } & PageRequest,
): Promise<Page<WebhookEndpoint>> {
  const rows = await select(ctx)
    .where(
      and(
        eq(webhookEndpoints.organizationId, input.organizationId),
        eq(webhookEndpoints.mode, input.mode),
        isNull(webhookEndpoints.deletedAt),
        before(webhookEndpoints.createdAt, webhookEndpoints.id, input.cursor),
      ),
    )
    .orderBy(desc(webhookEndpoints.createdAt), desc(webhookEndpoints.id))
    .limit(rowsWanted(input))
  const nowMs = ctx.clock.now()
  return toPage(
    input,
    rows,
    ({ row }) => row,
    ({ row, breaker }) => toEndpoint(row, { breaker, statistics: null, nowMs }),
  )
}

/** The row of a living endpoint and its breaker. Throws `not_found`. */
export async function loadEndpoint(ctx: ServiceContext, input: EndpointKey) {
  if (!isId('endpoint', input.endpointId)) throw endpointNotFound()
  const [found] = await select(ctx).where(
    and(
      eq(webhookEndpoints.id, input.endpointId),
      eq(webhookEndpoints.organizationId, input.organizationId),
      eq(webhookEndpoints.mode, input.mode),
      isNull(webhookEndpoints.deletedAt),
    ),
  )
  if (!found) throw endpointNotFound()
  return found
}

export function endpointNotFound(): NotFound {
  return new NotFound(
    'not_found',
    'There is no such webhook endpoint: list yours with GET /v1/webhook-endpoints.',
  )
}

function select(ctx: ServiceContext) {
  return ctx.db.orm
    .select({ row: webhookEndpoints, breaker: breakers })
    .from(webhookEndpoints)
    .leftJoin(
      breakers,
      and(
        eq(breakers.organizationId, webhookEndpoints.organizationId),
        eq(breakers.target, webhookEndpoints.id),
      ),
    )
    .$dynamic()
}
