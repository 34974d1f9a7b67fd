import { createGather } from '@phonevoice/base'
import type { Database } from '@phonevoice/db'
import type { ServiceContext } from '../context.ts'

/** Requests of one statement. */
const BATCH_MAX = 50

/**
 * Gathers what several requests ask of a database at the same moment into one statement; each request has a context of its own, and they share the
 * database. One that the database refuses fails alone.
 */
export function gatherPerDatabase<I, R>(
  run: (db: Database, items: readonly I[]) => Promise<readonly R[]>,
): (ctx: Pick<ServiceContext, 'db'>, item: I) => Promise<R> {
  const gathers = new WeakMap<Database, (item: I) => Promise<R>>()
  return ({ db }, item) => {
    let gather = gathers.get(db)
    if (!gather) {
      gather = createGather<I, R>({
        run: (items) => run(db, items),
        sizeMax: BATCH_MAX,
        splits: isRolledBack,
      })
      gathers.set(db, gather)
    }
    return gather(item)
  }
}

/**
 * Data that cannot be stored, a broken rule, a deadlock (SQLSTATE classes 22, 23, 40): nothing was written, so it can be tried again. After anything
 * else, such as a connection that broke, nobody knows.
 */
function isRolledBack(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null
  return typeof code === 'string' && /^(22|23|40)[0-9A-Z]{3}$/.test(code)
}
