import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate as runMigrations } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'

/** An arbitrary number that means "somebody is migrating PhoneVoice". */
const MIGRATION_LOCK = 7_406_283_115

/**
 * Brings the schema up to date. Safe to call from several processes at once: drizzle's migrator takes no lock of its own, so this one holds an
 * advisory lock for the whole run, on the one connection that also migrates.
 */
export async function migrate(
  url: string,
  migrationsFolder: string = defaultMigrationsFolder(),
): Promise<void> {
  const client = postgres(url, { max: 1, onnotice: () => {}, connect_timeout: 10 })
  try {
    await client`select pg_advisory_lock(${MIGRATION_LOCK})`
    try {
      await runMigrations(drizzle(client), { migrationsFolder })
    } finally {
      await client`select pg_advisory_unlock(${MIGRATION_LOCK})`
    }
  } finally {
    await client.end({ timeout: 5 })
  }
}

/** Beside this file in the sources; beside the bundle in a built image. */
function defaultMigrationsFolder(): string {
  const folder = fileURLToPath(new URL('./migrations', import.meta.url))
  if (!existsSync(folder))
    throw new Error(
      'The migrations folder is missing beside the program; copy packages/db/src/migrations there.',
    )
  return folder
}
