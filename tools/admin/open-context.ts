import { silentLog, systemClock } from '@phonevoice/base'
import { openDatabase } from '@phonevoice/db'
import type { ServiceContext } from '@phonevoice/services/context'
import { getWebhookSecret, listOrganizations } from '@phonevoice/services/organizations'
import { createSecretBox, type MasterKeys, readMasterKeys } from '@phonevoice/services/secrets'
import { readDevelopmentStack } from '../development-stack.ts'
import { UsageError } from './command.ts'

/** Which installation to work on. */
export interface Installation {
  databaseUrl: string
  masterKeys: MasterKeys
  /** The api's public origin; null when nobody told. */
  apiOrigin: string | null
}

/**
 * The installation the environment names, or else the one that `npm start` runs in `stateFolder`. Database and key are never taken from different
 * places: what is sealed with the wrong key is lost.
 */
export function findInstallation(
  env: Readonly<Record<string, string | undefined>>,
  stateFolder: string,
): Installation {
  const stack = readDevelopmentStack(stateFolder)
  const apiOrigin = (origin: string | undefined) => origin?.replace(/\/+$/, '') || null
  if (env.DATABASE_URL && env.SECRETS_KEY)
    return {
      databaseUrl: env.DATABASE_URL,
      masterKeys: toKeys(env.SECRETS_KEY, env.SECRETS_KEYS_OTHER),
      apiOrigin: apiOrigin(env.API_PUBLIC_ORIGIN),
    }
  if (stack && (!env.DATABASE_URL || env.DATABASE_URL === stack.database_url))
    return {
      databaseUrl: stack.database_url,
      masterKeys: toKeys(stack.secrets_key, undefined),
      apiOrigin: apiOrigin(stack.api_url),
    }
  if (env.DATABASE_URL)
    throw new UsageError(
      'DATABASE_URL is set and SECRETS_KEY is not: set the SECRETS_KEY that its api runs with.',
    )
  throw new UsageError(
    `There is nothing to work on: set DATABASE_URL and SECRETS_KEY, or start a development stack with "npm start" (nothing runs in ${stateFolder}).`,
  )
}

/** Opens the installation for `work` and closes it afterwards. Throws `UsageError` when it cannot be reached, is not migrated, or has another key. */
export async function withContext<T>(
  installation: Installation,
  work: (ctx: ServiceContext) => Promise<T>,
): Promise<T> {
  const db = openDatabase({
    url: installation.databaseUrl,
    connectionsMax: 2,
    applicationName: 'phonevoice-admin',
  })
  const ctx: ServiceContext = {
    db,
    clock: systemClock,
    log: silentLog,
    secrets: createSecretBox({ db, masterKeys: installation.masterKeys }),
    wake() {},
    publish() {},
    settings: { apiOrigin: installation.apiOrigin ?? '', sandbox: null },
    actor: { type: 'admin', id: null, requestId: null, ipAddress: null },
  }
  try {
    await checkKey(ctx)
    return await work(ctx)
  } finally {
    await db.close()
  }
}

/** A key that cannot open what is there would seal things that nobody else can open. */
async function checkKey(ctx: ServiceContext): Promise<void> {
  const [first] = await listOrganizations(ctx).catch(explainDatabase)
  if (!first) return
  try {
    await getWebhookSecret(ctx, { organizationId: first.id })
  } catch (error) {
    throw new UsageError('SECRETS_KEY is not the key of this database: it does not open the secrets in it.', {
      cause: error,
    })
  }
}

const UNDEFINED_TABLE = '42P01'

function explainDatabase(error: unknown): never {
  // drizzle wraps the driver's error.
  const cause = (error as Error).cause ?? error
  const { code, message } = cause as { code?: string; message?: string }
  if (code === UNDEFINED_TABLE)
    throw new UsageError('The database has no PhoneVoice tables yet: run the migrations first.', { cause })
  throw new UsageError(`The database cannot be used: ${message || code}`, { cause })
}

function toKeys(current: string, others: string | undefined): MasterKeys {
  try {
    return readMasterKeys(current, others)
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}
