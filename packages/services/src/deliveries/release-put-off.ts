import type { ServiceContext } from '../context.ts'
import { BREAKER_OPEN_MS, BREAKER_PROBE_MS } from './breaker.ts'

/** Rows changed by one statement. */
const BATCH = 2000
const WAKE_UPS_MAX = 50
/** Nothing is put off for longer. */
const PUT_OFF_MS_MAX = Math.max(...BREAKER_OPEN_MS, BREAKER_PROBE_MS)

/**
 * Makes due what an open breaker has put off, once there is no longer a reason to wait. Only what was never tried: the rest has its own schedule,
 * and holds up nobody. If this is cut short, what is left comes at its time, minutes later at most.
 */
export async function releasePutOff(
  ctx: ServiceContext,
  { organizationId, target }: { organizationId: string; target: string },
): Promise<void> {
  const { sql } = ctx.db
  for (let wakeUps = 0; ; ) {
    const nowMs = ctx.clock.now()
    const now = new Date(nowMs)
    const released = await sql<{ id: string }[]>`
      update deliveries set next_at = ${now} where id in (
        select id from deliveries
        where next_at > ${now} and next_at <= ${new Date(nowMs + PUT_OFF_MS_MAX)} and organization_id = ${organizationId} and target = ${target}
          and first_started_at is null
        order by sequence limit ${BATCH} for update skip locked
      )
      returning id`
    for (const { id } of released) if (wakeUps++ < WAKE_UPS_MAX) ctx.wake({ kind: 'delivery', id })
    if (released.length < BATCH) return
  }
}
