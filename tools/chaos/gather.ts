import type { CallsFacts, LifeFact } from './facts.ts'
import type { ChaosProduct } from './product.ts'

/** Calls that are not completed and deliveries that are not settled. */
export async function countUnfinished({ sql }: ChaosProduct): Promise<number> {
  const [row] = await sql<[{ unfinished: number }]>`
    select ((select count(*) from calls where completed_at is null)
      + (select count(*) from deliveries where status = 'pending'))::int as unfinished`
  return row.unfinished
}

/** Reads what the database has to say about calls. */
export async function readLives({ sql }: ChaosProduct): Promise<Pick<CallsFacts, 'calls' | 'events'>> {
  const calls = await sql<LifeFact[]>`
    select id, phone_number as "phoneNumber", status, started_at is not null as "isStarted", ended_at is not null as "isEnded",
      completed_at is not null as "isCompleted" from calls`
  const events = await sql<
    { callId: string; type: string }[]
  >`select call_id as "callId", type from call_events`
  return { calls: [...calls], events: [...events] }
}

/** How often each reason occurred: a run in which every call failed alike has shown little. */
export async function countReasons({ sql }: ChaosProduct): Promise<Record<string, number>> {
  const rows = await sql<{ reason: string; times: number }[]>`
    select coalesce(ended_reason, 'none') as reason, count(*)::int as times from calls group by 1 order by 2 desc`
  return Object.fromEntries(rows.map((row) => [row.reason, row.times]))
}
