import type { ServiceContext } from '../context.ts'
import { LEASE_MS, newLeaseToken } from './lease.ts'

export type WorkKind = 'dial' | 'finish' | 'hang-up' | 'erase'

/** A claimed work item. */
export interface Work {
  id: string
  callId: string
  kind: WorkKind
  /** For `hang-up`: the carrier's call id. For `erase`: `recording`, or empty for everything. */
  detail: string
  /** When the carrier was last about to be asked to dial, Unix milliseconds. */
  intentAtMs: number | null
  createdAtMs: number
  /** 1 for the first claim. */
  attempt: number
  leaseToken: string
}

export interface ClaimWorkInput {
  /** Only these kinds. */
  kinds?: readonly WorkKind[]
  /** Only these rows, if they are due: a wake-up names them. */
  ids?: readonly string[]
  limit: number
  leaseMs?: number
  /** Names the claim, so that it can be given back should its answer be lost; see `releaseClaim`. */
  leaseToken?: string
}

/** Takes up to `limit` due items, oldest first. What another worker holds is skipped, not waited for. */
export async function claimWork(ctx: ServiceContext, input: ClaimWorkInput): Promise<Work[]> {
  const { sql } = ctx.db
  const now = ctx.clock.now()
  const until = new Date(now + (input.leaseMs ?? LEASE_MS))
  const token = input.leaseToken ?? newLeaseToken()
  const rows = await sql<WorkRow[]>`
    update work_items as w set lease_until = ${until}, next_at = ${until}, lease_token = ${token}, attempt = w.attempt + 1
    from (
      select id from work_items
      where next_at <= ${new Date(now)}
        ${input.kinds ? sql`and kind = any(${input.kinds as WorkKind[]})` : sql``}
        ${input.ids ? sql`and id = any(${input.ids as string[]})` : sql``}
      order by next_at limit ${input.limit} for update skip locked
    ) as due
    where w.id = due.id
    returning w.id, w.call_id, w.kind, w.detail, w.intent_at, w.created_at, w.attempt`
  return rows.map((row) => ({
    id: row.id,
    callId: row.call_id,
    kind: row.kind,
    detail: row.detail,
    intentAtMs: row.intent_at?.getTime() ?? null,
    createdAtMs: row.created_at.getTime(),
    attempt: row.attempt,
    leaseToken: token,
  }))
}

interface WorkRow {
  id: string
  call_id: string
  kind: WorkKind
  detail: string
  intent_at: Date | null
  created_at: Date
  attempt: number
}
