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
 * changed. `mode` names a column to take the mode from.
 */
export function insertAudit(
  ctx: ServiceContext,
  entry: NewAuditEntry,
  from: string,
  { mode }: { mode?: string } = {},
) {
  const { sql } = ctx.db
  const selected = values(ctx, entry, mode === undefined ? {} : { mode })
  return sql`insert into audit_entries ${columns(ctx)} select ${selected} from ${sql(from)} limit 1`
}

/** Writes an entry by itself: for what is only read. */
export async function writeAudit(ctx: ServiceContext, entry: NewAuditEntry): Promise<void> {
  await ctx.db.sql`insert into audit_entries ${columns(ctx)} select ${values(ctx, entry)}`
}

/** As players ask for a recording: piece by piece. */
const REPEATED_WITHIN_MS = 60_000

/** Writes that things were read, one entry for each, unless the same reader has read the same within the last minute. */
export async function auditReads(
  ctx: ServiceContext,
  { resourceIds, ...entry }: Omit<NewAuditEntry, 'resourceId'> & { resourceIds: readonly string[] },
): Promise<void> {
  if (resourceIds.length === 0) return
  const { sql } = ctx.db
  const { id: actorId = null, ipAddress = null } = ctx.actor ?? {}
  const now = ctx.clock.now()
  await sql`
    insert into audit_entries ${columns(ctx)} select ${values(ctx, entry, { id: 'r.id', resourceId: 'r.resource_id' })}
    from unnest(${resourceIds.map(() => newId('audit', now))}::text[], ${[...resourceIds]}::text[]) as r (id, resource_id)
    where not exists (
      select from audit_entries a where a.organization_id = ${entry.organizationId} and a.resource_id = r.resource_id
        and a.occurred_at > ${new Date(now - REPEATED_WITHIN_MS)} and a.action = ${entry.action}
        and a.actor_id is not distinct from ${actorId}::text and a.ip_address is not distinct from ${ipAddress}::text
    )`
}

function columns(ctx: ServiceContext) {
  return ctx.db
    .sql`(id, organization_id, mode, occurred_at, actor, actor_id, request_id, ip_address, action, resource_id, details)`
}

/** Values that are not known before the statement runs: columns of it. */
interface FromColumns {
  id?: string
  resourceId?: string
  mode?: string
}

function values(ctx: ServiceContext, entry: NewAuditEntry, from: FromColumns = {}) {
  const { sql } = ctx.db
  const now = new Date(ctx.clock.now())
  const { actor } = ctx
  const id = from.id ? sql(from.id) : sql`${newId('audit', now.getTime())}`
  const mode = from.mode ? sql(from.mode) : sql`${entry.mode ?? null}::text`
  const resourceId = from.resourceId ? sql(from.resourceId) : sql`${entry.resourceId ?? null}::text`
  return sql`
    ${id}, ${entry.organizationId}, ${mode}, ${now}::timestamptz, ${actor?.type ?? 'system'}, ${actor?.id ?? null}::text,
    ${actor?.requestId ?? null}::text, ${actor?.ipAddress ?? null}::text, ${entry.action}::text, ${resourceId},
    ${JSON.stringify(entry.details ?? {})}::text`
}
