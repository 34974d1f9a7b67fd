import type { Log, Timers } from '@phonevoice/base'
import type { ServiceContext } from '@phonevoice/services/context'
import { type ClaimableTable, type Held, LEASE_RENEW_MS, renewLeases } from '@phonevoice/services/work'

/** Renews the leases of everything in hand, one statement for all, and tells whoever has lost theirs. */
export interface LeaseKeeper {
  /** Renews until what it answers with is called; `onLost` is called when somebody else has taken over. */
  hold(held: Held, onLost: (reason: Error) => void): () => void
  close(): void
}

export function createLeaseKeeper(
  ctx: ServiceContext,
  table: ClaimableTable,
  timers: Timers,
  log: Log,
): LeaseKeeper {
  const inHand = new Map<string, { held: Held; onLost(reason: Error): void }>()
  let isRenewing = false

  async function renew(): Promise<void> {
    if (isRenewing || inHand.size === 0) return
    isRenewing = true
    const entries = [...inHand]
    try {
      const kept = await renewLeases(ctx, { table, held: entries.map(([, { held }]) => held) })
      for (const [key, { held, onLost }] of entries) {
        // Finished in the meantime is not lost.
        if (!kept.has(held.id) && inHand.has(key)) onLost(new Error('The lease has passed to somebody else.'))
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
    hold(held, onLost) {
      const key = `${held.id} ${held.leaseToken}`
      inHand.set(key, { held, onLost })
      return () => void inHand.delete(key)
    },
    close: () => timer.cancel(),
  }
}
