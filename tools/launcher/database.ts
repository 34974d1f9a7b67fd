import { type Log, silentLog } from '@phonevoice/base'
import { migrate } from '@phonevoice/db'
import { ensureDatabase, startEmbeddedPostgres } from '@phonevoice/embedded-postgres'
import { migrateQueue } from '@phonevoice/queue'
import type { Secrets, StateFolder } from './state-folder.ts'

export interface LauncherDatabase {
  url: string
  /** One sentence for the terminal. */
  description: string
  /** Stops the server if we started it. */
  stop(): Promise<void>
}

/** Uses `databaseUrl` when there is one, else the embedded Postgres; a server left by a killed launcher is taken over. */
export async function openLauncherDatabase(options: {
  databaseUrl: string | null
  state: StateFolder
  secrets: Secrets
  log?: Log
}): Promise<LauncherDatabase> {
  if (options.databaseUrl !== null) {
    return { url: options.databaseUrl, description: 'from DATABASE_URL', stop: async () => {} }
  }
  const server = await startEmbeddedPostgres({
    dataDir: options.state.path('postgres'),
    log: options.log ?? silentLog,
  })
  try {
    const settings = {
      database: 'phonevoice',
      role: 'phonevoice',
      password: options.secrets.databasePassword,
    }
    return {
      url: await ensureDatabase(server.adminUrl, settings),
      description: `embedded, port ${server.port}, data in ${server.dataDir}`,
      stop: () => server.stop(),
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}

/** Our tables, and the queue's when it lives in Postgres too. */
export async function migrateAll(url: string, redisUrl: string | null): Promise<void> {
  await migrate(url).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`The database cannot be used: ${error.message || error.code}`, { cause: error })
  })
  if (redisUrl === null) await migrateQueue(url)
}
