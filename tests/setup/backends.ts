import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { silentLog } from '@phonevoice/base'
import { startEmbeddedPostgres } from '@phonevoice/embedded-postgres'
import { startRedis } from './redis.ts'

/** What the integration and e2e tests run against. */
export interface Backends {
  postgresUrl: string
  redisUrl: string | null
  stop(): Promise<void>
}

const PREFIX = 'phonevoice-tests-'

/**
 * Uses `TEST_DATABASE_URL` and `TEST_REDIS_URL` where they are set; otherwise starts a throw-away Postgres, and a Redis where
 * `redis-server` is installed.
 */
export async function startBackends(): Promise<Backends> {
  await removeLeftovers()
  const folder = mkdtempSync(path.join(tmpdir(), PREFIX))
  // As root the database runs as another user, who must be able to pass.
  chmodSync(folder, 0o711)
  writeFileSync(path.join(folder, 'owner.pid'), String(process.pid))

  const redis = process.env.TEST_REDIS_URL ? null : await startRedis(folder)
  const redisUrl = process.env.TEST_REDIS_URL ?? redis?.url ?? null
  if (!redisUrl)
    console.warn('\n  NO REDIS: redis-server is not installed, so the Redis half of the tests is skipped.\n')
  const postgres = process.env.TEST_DATABASE_URL ? null : await startPostgres(folder)
  const killAtExit = () => {
    for (const pid of [postgres?.pid, redis?.pid]) if (pid) tryKill(pid)
  }
  process.once('exit', killAtExit)
  return {
    postgresUrl: process.env.TEST_DATABASE_URL ?? (postgres?.adminUrl as string),
    redisUrl,
    async stop() {
      process.off('exit', killAtExit)
      await Promise.all([postgres?.stop(), redis?.stop()])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function startPostgres(folder: string) {
  return startEmbeddedPostgres({ dataDir: path.join(folder, 'postgres'), log: silentLog, isEphemeral: true })
}

/** A run that was killed leaves its servers behind. They go when the process that started them is gone. */
async function removeLeftovers(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const folder = path.join(tmpdir(), name)
    try {
      if (statSync(folder).uid !== process.getuid?.()) continue
      if (isAlive(Number(readFileSync(path.join(folder, 'owner.pid'), 'utf8')))) continue
      for (const pid of serversIn(folder)) tryKill(pid)
      rmSync(folder, { recursive: true, force: true })
    } catch {
      // Half made, or being removed by another run: neither is worth failing a test run for.
    }
  }
}

/** Pids written into the folder by servers that still run on it; the command line tells, because numbers are used again. */
function serversIn(folder: string): number[] {
  const pids: number[] = []
  for (const file of ['postgres/postmaster.pid', 'redis.pid']) {
    try {
      const pid = Number.parseInt(readFileSync(path.join(folder, file), 'utf8'), 10)
      if (pid > 0 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder)) pids.push(pid)
    } catch {}
  }
  return pids
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** SIGQUIT is Postgres's immediate shutdown; its data is about to be removed anyway. Redis ends on it too. */
function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGQUIT')
  } catch {}
}
