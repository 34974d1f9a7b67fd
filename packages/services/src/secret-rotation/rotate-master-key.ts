import type { ServiceContext } from '../context.ts'
import { resealSecrets } from './reseal.ts'

const BATCH = 100

/**
 * Makes the first master key the only one that is needed for what is at rest: every data key is wrapped by it, and secrets of the first version, which a
 * master key sealed itself, get a data key. In small steps, while everything else goes on; broken off, it is repeated.
 */
export async function rotateMasterKey(ctx: ServiceContext): Promise<{ rewrapped: number; resealed: number }> {
  let rewrapped = 0
  for (;;) {
    const batch = await ctx.secrets.dataKeys.rewrap(BATCH)
    rewrapped += batch
    if (batch < BATCH) break
  }
  let resealed = 0
  for (let after = ''; ; ) {
    const organizations = await ctx.db.sql<{ id: string }[]>`
      select id from organizations where id > ${after} order by id limit ${BATCH}`
    for (const { id } of organizations) resealed += await resealSecrets(ctx, { organizationId: id })
    const last = organizations.at(-1)
    if (!last) return { rewrapped, resealed }
    after = last.id
  }
}
