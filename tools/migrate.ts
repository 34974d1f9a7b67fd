/** Brings DATABASE_URL up to date: our tables and the queue's. Run it once per deployment, before the apps of the new version start. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { migrate } from '@phonevoice/db'
import { migrateQueue } from '@phonevoice/queue'

const settingsFile = path.resolve('.env')
if (existsSync(settingsFile)) process.loadEnvFile(settingsFile)

const url = process.env.DATABASE_URL
if (!url) {
  console.error('DATABASE_URL is not set: postgres://user:password@host:port/database.')
  process.exitCode = 2
} else {
  try {
    await migrate(url)
    // With REDIS_URL set the queue's tables stay empty; they are there so that it may be unset.
    await migrateQueue(url)
    console.log('The database is up to date.')
  } catch (error) {
    console.error(`The migrations failed: ${(error as Error).message || (error as { code?: string }).code}`)
    process.exitCode = 1
  }
}
