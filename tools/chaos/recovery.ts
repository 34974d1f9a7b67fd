import { setTimeout as wait } from 'node:timers/promises'
import type { Sql } from '@phonevoice/db'
import { LEASE_MS } from '@phonevoice/services/work'
import type { Harm, HarmKind } from './harm.ts'

/** Once the database accepts connections again, or the queue is back, what was due has been attempted and calls are accepted within this. */
const RECOVERED_MS = 10_000
/** What a killed worker held waits for its lease, and keeps a share of its organization's deliveries back as long. */
const RESUMED_MS = 15_000
const GIVE_UP_MS = 60_000
const LOOK_EVERY_MS = 50

export interface Recovery {
  kind: HarmKind
  ms: number
  /** Within this it should have been. */
  promisedMs: number
  /** What came back last. */
  waitedFor: string
}

/**
 * Waits until the service is itself again after the database or the queue has come back: a call is accepted, and of the deliveries that were due at that
 * moment none waits for its attempt. `workerKilledAtMs` is when a worker was last killed. Null: the harm took neither away.
 */
export async function watchRecovery(
  { kind }: Harm,
  sql: Sql,
  tryCall: () => Promise<string | null>,
  workerKilledAtMs: number,
): Promise<Recovery | null> {
  if (kind !== 'redis' && kind !== 'postgres') return null
  const backAtMs = Date.now()
  let waitedFor = ''
  while (Date.now() < backAtMs + GIVE_UP_MS) {
    const missing = await findMissing(sql, backAtMs, tryCall)
    if (missing === null) break
    waitedFor = missing
    await wait(LOOK_EVERY_MS)
  }
  const promisedMs = workerKilledAtMs > backAtMs - LEASE_MS ? RESUMED_MS : RECOVERED_MS
  return { kind, ms: Date.now() - backAtMs, promisedMs, waitedFor }
}

/** What is not as it was before, for a reader; null: everything is. */
async function findMissing(
  sql: Sql,
  backAtMs: number,
  tryCall: () => Promise<string | null>,
): Promise<string | null> {
  try {
    const waiting = await sql<{ id: string }[]>`
      select id from deliveries where next_at <= ${new Date(backAtMs)}`
    if (waiting.length > 0) return `${waiting.length} deliveries, such as ${waiting[0]?.id}`
  } catch (error) {
    // The run's own connections were cut as well.
    return String(error)
  }
  return await tryCall()
}

/** The recoveries that took longer than promised. */
export function findLate(recoveries: readonly Recovery[]): string[] {
  return recoveries
    .filter(({ ms, promisedMs }) => ms > promisedMs)
    .map(({ kind, ms, waitedFor }) => `work went on ${ms} ms after: ${kind}; waited for ${waitedFor}`)
}

/** How long each kind took, ms, and what the longest waited for. */
export function summarize(
  recoveries: readonly Recovery[],
): Partial<Record<HarmKind, { times: number; p50: number; max: number; waitedFor: string }>> {
  const kinds = [...new Set(recoveries.map(({ kind }) => kind))]
  return Object.fromEntries(
    kinds.map((kind) => {
      const sorted = recoveries
        .filter((each) => each.kind === kind)
        .toSorted((one, other) => one.ms - other.ms)
      const [middle, last] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)]
      return [
        kind,
        { times: sorted.length, p50: middle?.ms ?? 0, max: last?.ms ?? 0, waitedFor: last?.waitedFor ?? '' },
      ]
    }),
  )
}
