import { setTimeout as wait } from 'node:timers/promises'
import type { Sql } from '@phonevoice/db'
import { IN_FLIGHT_PER_ORGANIZATION_MAX } from '@phonevoice/services/deliveries'
import type { Harm, HarmKind } from './harm.ts'

/** Once the database accepts connections again, or the queue is back, what was due has been attempted and calls are accepted within this. */
const RECOVERED_MS = 10_000
const GIVE_UP_MS = 60_000
const LOOK_EVERY_MS = 50

export interface Recovery {
  kind: HarmKind
  ms: number
}

/**
 * Waits until the service is itself again after the database or the queue has come back: a call is accepted, and of the deliveries that were due at that
 * moment none waits for its attempt. What waits for one that a killed worker holds is another promise: it ends with the lease.
 * Null: the harm took neither away.
 */
export async function watchRecovery(
  { kind }: Harm,
  sql: Sql,
  tryCall: () => Promise<string | null>,
): Promise<Recovery | null> {
  if (kind !== 'redis' && kind !== 'postgres') return null
  const backAtMs = Date.now()
  const deadline = backAtMs + GIVE_UP_MS
  while (!(await isItself(sql, backAtMs, tryCall)) && Date.now() < deadline) await wait(LOOK_EVERY_MS)
  return { kind, ms: Date.now() - backAtMs }
}

async function isItself(sql: Sql, backAtMs: number, tryCall: () => Promise<string | null>): Promise<boolean> {
  try {
    const [row] = await sql<[{ waiting: number }]>`
      with held as (select * from deliveries where lease_token is not null and lease_until > now())
      select count(*)::int as waiting from deliveries d where next_at <= ${new Date(backAtMs)}
        and not exists (select from held h where h.call_id = d.call_id and h.target = d.target and h.sequence < d.sequence)
        and (select count(*) from held h where h.organization_id = d.organization_id) < ${IN_FLIGHT_PER_ORGANIZATION_MAX}`
    return row.waiting === 0 && (await tryCall()) === null
  } catch {
    // The run's own connections were cut as well.
    return false
  }
}

/** The recoveries that took longer than promised. */
export function findLate(recoveries: readonly Recovery[]): string[] {
  return recoveries
    .filter(({ ms }) => ms > RECOVERED_MS)
    .map(({ kind, ms }) => `work went on ${ms} ms after: ${kind}`)
}

/** How long each kind took, ms. */
export function summarize(
  recoveries: readonly Recovery[],
): Partial<Record<HarmKind, { times: number; p50: number; max: number }>> {
  const kinds = [...new Set(recoveries.map(({ kind }) => kind))]
  return Object.fromEntries(
    kinds.map((kind) => {
      const sorted = recoveries.filter((each) => each.kind === kind).map(({ ms }) => ms)
      sorted.sort((one, other) => one - other)
      const [p50, max] = [sorted[Math.floor(sorted.length / 2)] ?? 0, sorted.at(-1) ?? 0]
      return [kind, { times: sorted.length, p50, max }]
    }),
  )
}
