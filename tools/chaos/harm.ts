import { setTimeout as wait } from 'node:timers/promises'
import type { Random } from '../random.ts'
import type { ChaosProduct } from './product.ts'

export type HarmKind = 'kill' | 'terminate' | 'redis' | 'postgres'

/** One disturbance, due when this many calls have been created. */
export interface Harm {
  kind: HarmKind
  afterCalls: number
  /** Milliseconds later, so that it does not always strike at the same point of a request. */
  delayMs: number
  /** For `kill`. */
  victim: 'api' | 'worker'
  /** For `terminate`: which of the connections, from 0 up to 1. For `redis`: below a half it is wiped, else it is away for a while. */
  which: number
}

export interface HarmCounts {
  kills: number
  terminates: number
  /** Times that Redis is wiped or killed. */
  redis: number
  /** Times that Postgres is killed. */
  postgres: number
}

/** Spreads the disturbances over the run, by the seed. */
export function planHarm(counts: HarmCounts, calls: number, random: Random): Harm[] {
  const kinds: HarmKind[] = [
    ...Array<HarmKind>(counts.kills).fill('kill'),
    ...Array<HarmKind>(counts.terminates).fill('terminate'),
    ...Array<HarmKind>(counts.redis).fill('redis'),
    ...Array<HarmKind>(counts.postgres).fill('postgres'),
  ]
  return kinds
    .map((kind) => ({
      kind,
      afterCalls: random.below(calls) + 1,
      delayMs: random.below(300),
      victim: random.pick(['api', 'worker'] as const),
      which: random.next(),
    }))
    .toSorted((one, other) => one.afterCalls - other.afterCalls)
}

/** Does it, and brings back what it took away. */
export async function doHarm(product: ChaosProduct, harm: Harm): Promise<void> {
  await wait(harm.delayMs)
  switch (harm.kind) {
    case 'kill':
      return await product.restart(harm.victim)
    case 'terminate':
      return await terminateBackend(product, harm.which)
    case 'redis':
      return harm.which < 0.5 ? await product.redis?.wipe() : await product.redis?.restart(harm.which * 4000)
    case 'postgres':
      return await product.postgres?.restart()
    default:
      harm.kind satisfies never
  }
}

async function terminateBackend({ sql }: ChaosProduct, which: number): Promise<void> {
  const backends = await sql<{ pid: number }[]>`
    select pid from pg_stat_activity
    where datname = current_database() and application_name like 'phonevoice-%' order by pid`
  const victim = backends[Math.floor(which * backends.length)]
  if (victim) await sql`select pg_terminate_backend(${victim.pid})`
}
