import type { ServiceContext } from '@phonevoice/services/context'
import { type ClaimableTable, newLeaseToken, releaseClaim } from '@phonevoice/services/work'

/**
 * Claims in a way that survives a lost answer: when the connection breaks while the database is claiming, nobody can tell whether rows were taken.
 * They are given back before anything else is claimed, rather than waiting for their lease.
 */
export function createSureClaim<I, R>(
  ctx: ServiceContext,
  table: ClaimableTable,
  claim: (input: I & { leaseToken: string }) => Promise<R>,
): (input: I) => Promise<R> {
  const lost = new Set<string>()
  return async (input) => {
    for (const leaseToken of lost) {
      await releaseClaim(ctx, { table, leaseToken })
      lost.delete(leaseToken)
    }
    const leaseToken = newLeaseToken()
    try {
      return await claim({ ...input, leaseToken })
    } catch (error) {
      lost.add(leaseToken)
      throw error
    }
  }
}
