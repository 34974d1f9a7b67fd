import type { Log, Timers } from '@phonevoice/base'
import type { ServiceContext } from '@phonevoice/services/context'
import { type ClaimableTable, type Held, LEASE_RENEW_MS, renewLeases } from '@phonevoice/services/work'

/** Renews the leases of everything in hand, one statement for all, and tells whoever has lost theirs. */
export interface LeaseKeeper {
  /** Renews until `release`; `signal` is aborted when somebody else has taken over. */
  hold(held: Held): { signal: AbortSignal; release(): void }
  close(): void
}

export function createLeaseKeeper(
  ctx: ServiceContext,
  table: ClaimableTable,
  timers: Timers,
  log: Log,
): LeaseKeeper {
  const inHand = new Map<string, { held: Held; lost: AbortController }>()
  let isRenewing = false

  async function renew(): Promise<void> {
    if (isRenewing || inHand.size === 0) return
    isRenewing = true
    const entries = [...inHand]
    try {
      const kept = await renewLeases(ctx, { table, held: entries.map(([, { held }]) => held) })
      for (const [key, { held, lost }] of entries) {
        // Finished in the meantime is not lost.
        if (!kept.has(held.id) && inHand.has(key))
          lost.abort(new Error('The lease has passed to somebody else.'))
      }
    } catch (error) {
      // The next round may still be in time; if not, the token keeps us from overwriting.
      log.warn('Leases could not be renewed', { table, error })
    } finally {
      isRenewing = false
    }
  }

  const timer = timers.every(LEASE_RENEW_MS, () => void renew())
  return {
    hold(held) {
      const key = `${held.id} ${held.leaseToken}`
      const lost = new AbortController()
      inHand.set(key, { held, lost })
      return { signal: lost.signal, release: () => void inHand.delete(key) }
    },
    close: () => timer.cancel(),
  }
}
