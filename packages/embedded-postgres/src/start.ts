import type { Log } from '@phonevoice/base'
import postgres from 'postgres'
import { resolveBinaries } from './binaries.ts'
import { ensureCluster, SUPERUSER } from './cluster.ts'
import { chooseLocation, type Location } from './location.ts'
import { findRunningServer } from './postmaster.ts'
import { launchServer, type RunningServer, stopServer, waitForServer } from './server.ts'

export interface EmbeddedPostgresOptions {
  /** The cluster's folder; made on the first start. Its password and log lie beside it. */
  dataDir: string
  log: Log
  /** As root: the user the server runs as. Default 65534 (`nobody`). Ignored for a normal user. */
  ownerUid?: number
  /** Default 0: the operating system chooses. A server found running keeps the port it has. */
  port?: number
  /** For tests: trades all durability for speed and allows 200 connections instead of 100. Default false. */
  isEphemeral?: boolean
}

/** A Postgres on 127.0.0.1, running in its own process. */
export interface EmbeddedPostgres {
  /** Superuser login to the database `postgres`. For migrations and `ensureDatabase`, never for services. */
  adminUrl: string
  port: number
  pid: number
  /** Where the data is; differs from what was asked when root had to move it to the temporary folder. */
  dataDir: string
  /** False when it was already running, left by a launcher that was killed. */
  isFresh: boolean
  /** Ends sessions, writes everything out and waits until the process is gone. Idempotent. */
  stop(): Promise<void>
}

/** Starts Postgres on `dataDir`, or takes over the server that already runs on it. Only one caller at a time may use a folder. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const location = chooseLocation({
    dataDir: options.dataDir,
    binaries: resolveBinaries(),
    ...(options.ownerUid === undefined ? {} : { ownerUid: options.ownerUid }),
  })
  const { dataDir } = location
  const password = await ensureCluster(location, options.isEphemeral ?? false)
  const found = await takeOver(location, password)
  const server =
    found ??
    (await launchServer(location, { port: options.port ?? 0, isEphemeral: options.isEphemeral ?? false }))
  const adminUrl = urlOf(server, password)
  await checkServer(adminUrl, dataDir)
  options.log.info('postgres is ready', { port: server.port, pid: server.pid, dataDir, isFresh: !found })

  let stopping: Promise<void> | null = null
  return {
    adminUrl,
    port: server.port,
    pid: server.pid,
    dataDir,
    isFresh: !found,
    stop() {
      stopping ??= stopServer(server.pid, dataDir)
      return stopping
    },
  }
}

/** A server that runs on our folder but does not answer to our password is of no use; it is stopped so that a new one can start. */
async function takeOver(location: Location, password: string): Promise<RunningServer | null> {
  const running = findRunningServer(location.dataDir)
  if (!running) return null
  const server = await waitForServer(running.pid, location.dataDir)
  if (server) {
    try {
      await checkServer(urlOf(server, password), location.dataDir)
      return server
    } catch {}
  }
  await stopServer(running.pid, location.dataDir)
  return null
}

/** Logs in and asks the server which folder it serves: whoever answers on a port is not thereby ours. */
async function checkServer(adminUrl: string, dataDir: string): Promise<void> {
  const sql = postgres(adminUrl, { max: 1, connect_timeout: 10, onnotice: () => {} })
  try {
    const [row] = await sql<{ folder: string }[]>`select current_setting('data_directory') as folder`
    if (row?.folder !== dataDir)
      throw new Error(`Another Postgres answers on this port (its data: ${row?.folder}).`)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

function urlOf(server: RunningServer, password: string): string {
  return `postgres://${SUPERUSER}:${password}@127.0.0.1:${server.port}/postgres`
}
