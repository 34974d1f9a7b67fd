import type { CallRow } from '../calls/call-row.ts'
import type { ServiceContext } from '../context.ts'
import type { Work } from '../work/index.ts'

/** Writes (or, with null, withdraws) the intent to dial. False: the lease has passed to somebody else, who now decides. */
export async function writeIntent(ctx: ServiceContext, work: Work, atMs: number | null): Promise<boolean> {
  const now = new Date(ctx.clock.now())
  const rows = await ctx.db.sql`
    update work_items set intent_at = ${atMs === null ? null : new Date(atMs)}
    where id = ${work.id} and lease_token = ${work.leaseToken} and lease_until > ${now} returning id`
  return rows.length === 1
}

/** Which of these calls at the carrier belong to calls of ours. */
export async function ownedCarrierCalls(
  ctx: ServiceContext,
  carrierCallIds: readonly string[],
): Promise<Set<string>> {
  if (carrierCallIds.length === 0) return new Set()
  const rows = await ctx.db.sql<{ carrier_call_id: string }[]>`
    select carrier_call_id from calls where carrier_call_id = any(${carrierCallIds as string[]})`
  return new Set(rows.map((row) => row.carrier_call_id))
}

/** Other calls between the same two numbers that have been dialled and have no carrier id yet. */
export async function countRivals(ctx: ServiceContext, call: CallRow): Promise<number> {
  const [row] = await ctx.db.sql<[{ rivals: number }]>`
    select count(*)::int as rivals from calls c join work_items w on w.call_id = c.id and w.kind = 'dial'
    where c.organization_id = ${call.organizationId} and c.mode = ${call.mode} and c.id <> ${call.id}
      and c.phone_number = ${call.phoneNumber} and c.from_number = ${call.fromNumber}
      and c.status = 'dialing' and c.carrier_call_id is null and w.intent_at is not null`
  return row.rivals
}
