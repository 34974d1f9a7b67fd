import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import postgres from 'postgres'
import { type Database, openDatabase } from './database.ts'
import { migrate } from './migrate.ts'

export interface TestDatabase extends Database {
  url: string
  /** Kills every connection to this database, as a crashing server would. */
  killConnections(): Promise<number>
  /** Closes the clients and drops the database. */
  drop(): Promise<void>
}

const TEMPLATE_LOCK = 7_406_283_116

/**
 * A database of its own for one test file, cloned from a migrated template that the first caller makes. `serverUrl` is a superuser's URL;
 * in vitest it is `inject('postgresUrl')`.
 */
export async function createTestDatabase(serverUrl: string): Promise<TestDatabase> {
  const admin = postgres(serverUrl, { max: 1, onnotice: () => {} })
  const template = `pv_template_${migrationsHash()}`
  const name = `pv_test_${randomBytes(6).toString('hex')}`
  try {
    await admin`select pg_advisory_lock(${TEMPLATE_LOCK})`
    const [existing] = await admin`select 1 from pg_database where datname = ${template}`
    if (!existing) {
      await admin.unsafe(`drop database if exists ${template}_new`)
      await admin.unsafe(`create database ${template}_new`)
      await migrate(urlOf(serverUrl, `${template}_new`))
      await admin.unsafe(`alter database ${template}_new rename to ${template}`)
    }
    await admin.unsafe(`create database ${name} template ${template}`)
    await admin`select pg_advisory_unlock(${TEMPLATE_LOCK})`
  } finally {
    await admin.end({ timeout: 5 })
  }
  const url = urlOf(serverUrl, name)
  const database = openDatabase({ url, connectionsMax: 5 })
  const onServer = async <T>(work: (sql: postgres.Sql) => Promise<T>): Promise<T> => {
    const sql = postgres(serverUrl, { max: 1, onnotice: () => {} })
    try {
      return await work(sql)
    } finally {
      await sql.end({ timeout: 5 })
    }
  }
  return {
    ...database,
    url,
    killConnections: () =>
      onServer(async (sql) => {
        const rows = await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`
        return rows.length
      }),
    async drop() {
      await database.close()
      await onServer((sql) => sql.unsafe(`drop database if exists ${name} with (force)`))
    },
  }
}

function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  return url.href
}

/** Names the template: a migration that is added or edited makes another one. */
function migrationsHash(): string {
  const folder = new URL('./migrations/', import.meta.url)
  const hash = createHash('sha256')
  for (const name of readdirSync(folder).sort()) {
    if (name.endsWith('.sql')) hash.update(name).update(readFileSync(new URL(name, folder)))
  }
  return hash.digest('hex').slice(0, 12)
}
