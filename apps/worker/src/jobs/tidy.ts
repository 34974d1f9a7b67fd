import type { ServiceContext } from '@phonevoice/services/context'
import { deleteOldBreakers } from '@phonevoice/services/deliveries'
import { deleteOldIdempotencyKeys } from '@phonevoice/services/idempotency'
import { deleteExpiredContent, deleteExpiredRecordings } from '@phonevoice/services/privacy'
import { deleteMergedParts } from '@phonevoice/services/recordings'
import type { ObjectStorage } from '@phonevoice/storage'

/** Most rows of a kind that one pass removes; what is left is next minute's. */
const LIMIT = 1000

/** Removes what nobody will ask for again. Several workers may do it at once. Never throws: the next pass finds what this one left. */
export async function tidy(ctx: ServiceContext, storage: ObjectStorage): Promise<void> {
  try {
    await deleteOldIdempotencyKeys(ctx, { limit: LIMIT })
    await deleteOldBreakers(ctx, { limit: LIMIT })
    await deleteExpiredContent(ctx, { limit: LIMIT })
    await deleteExpiredRecordings(ctx, { limit: LIMIT })
    await deleteMergedParts(ctx, { limit: LIMIT, deleteObject: (key) => storage.delete(key) })
  } catch (error) {
    ctx.log.warn('Old things could not be removed', { error })
  }
}
