import type { TestProject } from 'vitest/node'
import { type Backends, startBackends } from './backends.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Superuser login to a Postgres that may be filled with databases. */
    postgresUrl: string
    /** A Redis that may be filled and flushed; null where there is no `redis-server`. */
    redisUrl: string | null
  }
}

/** The two test projects run this in one process, one after the other or side by side; both get the same servers. */
interface Shared {
  users: number
  backends: Promise<Backends>
}
const shared = globalThis as { phonevoiceTestBackends?: Shared | undefined }

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  shared.phonevoiceTestBackends ??= { users: 0, backends: startBackends() }
  const mine = shared.phonevoiceTestBackends
  mine.users++
  const backends = await mine.backends
  project.provide('postgresUrl', backends.postgresUrl)
  project.provide('redisUrl', backends.redisUrl)
  return async () => {
    if (--mine.users > 0) return
    shared.phonevoiceTestBackends = undefined
    await backends.stop()
  }
}
