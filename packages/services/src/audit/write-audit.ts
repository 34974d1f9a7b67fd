/**
 * The audit log: who did what, written so that neither exists without the other. What changes something puts `insertAudit` into its own statement;
 * what only reads calls `writeAudit` before it answers. Who, from where and in which request come with the context.
 */
import { newId } from '@phonevoice/base'
import type { AuditAction } from '@phonevoice/contracts'
import type { Mode, ServiceContext } from '../context.ts'

export interface NewAuditEntry {
  organizationId: string
  /** Null, the default: it concerns both modes. */
  mode?: Mode | null
  action: AuditAction
  /** What it was done to. */
  resourceId?: string | null
  /** What else one needs to understand it. Never a secret, a number of a caller, or anything said on a call. */
  details?: Readonly<Record<string, unknown>>
}

/**
 * The body of a CTE that writes the entry when another CTE, named `from`, has a row: usually `changed`, so that nothing is written when nothing has
 * changed.
 */
export function insertAudit(ctx: ServiceContext, entry: NewAuditEntry, from: string) {
  const { sql } = ctx.db
  return sql`insert into audit_entries ${columns(ctx)} select ${values(ctx, entry)} from ${sql(from)} limit 1`
}

/** Writes an entry by itself: for what is only read. A repetition by the same reader within `onceEveryMs` is not written again. */
export async function writeAudit(
  ctx: ServiceContext,
  entry: NewAuditEntry,
  options: { onceEveryMs?: number } = {},
): Promise<void> {
  const { sql } = ctx.db
  const { onceEveryMs } = options
  await sql`
    insert into audit_entries ${columns(ctx)} select ${values(ctx, entry)}
    ${
      onceEveryMs === undefined
        ? sql``
        : sql`where not exists (
      select from audit_entries where organization_id = ${entry.organizationId} and resource_id = ${entry.resourceId ?? null}
        and occurred_at > ${new Date(ctx.clock.now() - onceEveryMs)} and action = ${entry.action}
        and actor_id is not distinct from ${ctx.actor?.id ?? null}::text and ip_address is not distinct from ${ctx.actor?.ipAddress ?? null}::text
    )`
    }`
}

function columns(ctx: ServiceContext) {
  return ctx.db
    .sql`(id, organization_id, mode, occurred_at, actor, actor_id, request_id, ip_address, action, resource_id, details)`
}

function values(ctx: ServiceContext, entry: NewAuditEntry) {
  const now = new Date(ctx.clock.now())
  const { actor } = ctx
  return ctx.db.sql`
    ${newId('audit', now.getTime())}, ${entry.organizationId}, ${entry.mode ?? null}::text, ${now}::timestamptz, ${actor?.type ?? 'system'},
    ${actor?.id ?? null}::text, ${actor?.requestId ?? null}::text, ${actor?.ipAddress ?? null}::text, ${entry.action}::text,
    ${entry.resourceId ?? null}::text, ${JSON.stringify(entry.details ?? {})}::text`
}
