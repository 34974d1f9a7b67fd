import type { AuditAction, AuditActor, AuditEntry } from '@phonevoice/contracts'
import type { Mode, ServiceContext } from '../context.ts'
import { decodeCursor, type Page, type PageRequest, rowsWanted, toPage } from '../pages/cursor.ts'

/** Which entries; what is absent does not matter. */
export interface AuditFilter extends PageRequest {
  organizationId: string
  /** Entries of this mode, and those that concern both. Absent: all of them. */
  mode?: Mode | undefined
  action?: AuditAction | undefined
  resourceId?: string | undefined
  /** From here on. */
  after?: Date | undefined
  /** Up to but not including. */
  before?: Date | undefined
}

/** An organization's audit log, newest first. Throws `invalid_cursor`. */
export async function listAuditEntries(ctx: ServiceContext, filter: AuditFilter): Promise<Page<AuditEntry>> {
  const { sql } = ctx.db
  const position = filter.cursor === undefined ? null : decodeCursor(filter.cursor)
  const rows = await sql<AuditRow[]>`
    select id, mode, occurred_at, actor, actor_id, request_id, ip_address, action, resource_id, details from audit_entries
    where organization_id = ${filter.organizationId}
      ${filter.mode === undefined ? sql`` : sql`and (mode = ${filter.mode} or mode is null)`}
      ${filter.action === undefined ? sql`` : sql`and action = ${filter.action}`}
      ${filter.resourceId === undefined ? sql`` : sql`and resource_id = ${filter.resourceId}`}
      ${filter.after === undefined ? sql`` : sql`and occurred_at >= ${filter.after}`}
      ${filter.before === undefined ? sql`` : sql`and occurred_at < ${filter.before}`}
      ${position === null ? sql`` : sql`and (occurred_at, id) < (${position.createdAt}, ${position.id})`}
    order by occurred_at desc, id desc limit ${rowsWanted(filter)}`
  return toPage(filter, rows, (row) => ({ createdAt: row.occurred_at, id: row.id }), toEntry)
}

interface AuditRow {
  id: string
  mode: Mode | null
  occurred_at: Date
  actor: AuditActor
  actor_id: string | null
  request_id: string | null
  ip_address: string | null
  action: AuditAction
  resource_id: string | null
  details: string
}

function toEntry(row: AuditRow): AuditEntry {
  return {
    id: row.id,
    object: 'audit_entry',
    occurred_at: row.occurred_at.toISOString(),
    action: row.action,
    mode: row.mode,
    resource_id: row.resource_id,
    actor: { type: row.actor, id: row.actor_id, ip_address: row.ip_address },
    request_id: row.request_id,
    details: JSON.parse(row.details) as AuditEntry['details'],
  }
}
