/**
 * How pending work is held. A row is due when its `next_at` has passed. Claiming moves `next_at` to the end of the lease, so the index on
 * `next_at` finds exactly what may be claimed, and a holder that dies gives the row back by doing nothing. The lease token fences: whoever
 * was overtaken knows an old token and can no longer change the row.
 */
import { randomUUID } from 'node:crypto'
import type { ServiceContext } from '../context.ts'

/** How long a claim lasts unless renewed. */
export const LEASE_MS = 10_000
/** How often a holder renews. */
export const LEASE_RENEW_MS = 3000

/** The tables whose rows are claimed. */
export type ClaimableTable = 'work_items' | 'deliveries'

/** A claimed row, as its holder names it. */
export interface Held {
  id: string
  leaseToken: string
}

export const newLeaseToken = (): string => randomUUID()

/**
 * Extends leases that are still ours, all in one statement. Returns the ids that are; for the others somebody else has taken over, and
 * the work in hand should be dropped.
 */
export async function renewLeases(
  ctx: ServiceContext,
  input: { table: ClaimableTable; held: readonly Held[]; leaseMs?: number },
): Promise<Set<string>> {
  if (input.held.length === 0) return new Set()
  const { sql } = ctx.db
  const until = new Date(ctx.clock.now() + (input.leaseMs ?? LEASE_MS))
  const rows = await sql<{ id: string }[]>`
    update ${sql(input.table)} as t set lease_until = ${until}, next_at = ${until}
    from unnest(${input.held.map((row) => row.id)}::text[], ${input.held.map((row) => row.leaseToken)}::text[]) as h (id, token)
    where t.id = h.id and t.lease_token = h.token
    returning t.id`
  return new Set(rows.map((row) => row.id))
}

/**
 * Gives back what a claim may have taken whose answer never came: nobody knows these rows are in hand, and they would wait for the end of their lease.
 * The claim does not count as one.
 */
export async function releaseClaim(
  ctx: ServiceContext,
  input: { table: ClaimableTable; leaseToken: string },
): Promise<void> {
  const { sql } = ctx.db
  await sql`
    update ${sql(input.table)} set next_at = ${new Date(ctx.clock.now())}, lease_until = null, lease_token = null, attempt = attempt - 1
    where lease_token = ${input.leaseToken}`
}
