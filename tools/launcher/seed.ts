import { silentLog, systemClock } from '@phonevoice/base'
import { openDatabase } from '@phonevoice/db'
import { authenticateApiKey, createApiKey } from '@phonevoice/services/api-keys'
import { createAssistant, getAssistant } from '@phonevoice/services/assistants'
import type { ServiceContext } from '@phonevoice/services/context'
import { createOrganization, getWebhookSecret, listOrganizations } from '@phonevoice/services/organizations'
import { createSecretBox, masterKey } from '@phonevoice/services/secrets'
import type { StateFolder } from './state-folder.ts'

/** What a newcomer needs to make a call. */
export interface Seed {
  organizationId: string
  testKey: string
  assistantId: string
}

/**
 * Makes organization, test key and demo assistant in a new database; finds them again later. What is missing is made anew. Throws when
 * `secretsKey` does not open what is already there: a stack with another key would work on calls whose secrets it cannot read.
 */
export async function ensureSeed(options: {
  databaseUrl: string
  secretsKey: string
  apiOrigin: string
  state: StateFolder
}): Promise<Seed & { webhookSecret: string }> {
  const db = openDatabase({ url: options.databaseUrl, connectionsMax: 2, applicationName: 'launcher' })
  const context: ServiceContext = {
    db,
    clock: systemClock,
    log: silentLog,
    secrets: createSecretBox({ db, masterKeys: [masterKey(Buffer.from(options.secretsKey, 'base64'))] }),
    wake() {},
    publish() {},
    settings: { apiOrigin: options.apiOrigin, sandbox: null },
  }
  try {
    await requireKey(context, options.state)
    const kept = options.state.readJson<Seed>('seed.json')
    const seed = (kept && (await stillThere(context, kept))) ?? (await createSeed(context))
    options.state.writeJson('seed.json', seed)
    const { current } = await getWebhookSecret(context, seed)
    return { ...seed, webhookSecret: current }
  } finally {
    await db.close()
  }
}

async function requireKey(context: ServiceContext, state: StateFolder): Promise<void> {
  const [first] = await listOrganizations(context)
  if (!first) return
  try {
    await getWebhookSecret(context, { organizationId: first.id })
  } catch (cause) {
    const file = state.path('secrets.json')
    throw new Error(
      `The database was made with another key than that in ${file}: restore that file, use another DATABASE_URL, or remove ${state.root} to begin anew.`,
      { cause },
    )
  }
}

/** Null when the key is not of this database: another DATABASE_URL than last time. */
async function stillThere(context: ServiceContext, kept: Seed): Promise<Seed | null> {
  const owner = await authenticateApiKey(context, kept.testKey).catch(() => null)
  if (owner?.organizationId !== kept.organizationId) return null
  const assistant = await getAssistant(context, kept).catch(() => null)
  return assistant ? kept : { ...kept, assistantId: await createDemoAssistant(context, kept.organizationId) }
}

async function createSeed(context: ServiceContext): Promise<Seed> {
  const { id: organizationId } = await createOrganization(context, { name: 'Demo' })
  const { key: testKey } = await createApiKey(context, { organizationId, mode: 'test', name: 'npm start' })
  return { organizationId, testKey, assistantId: await createDemoAssistant(context, organizationId) }
}

async function createDemoAssistant(context: ServiceContext, organizationId: string): Promise<string> {
  const settings = {
    name: 'Front desk',
    first_message: 'Hello, this is the front desk of Green Street Dental. How can I help you?',
    instructions: [
      'You answer the phone of a dental practice. Speak in one or two short sentences.',
      'Help the caller to find a time for an appointment, repeat it back, and say goodbye.',
      'When the caller says goodbye, answer in one sentence and end it with <hangup/>.',
    ].join('\n'),
  }
  return (await createAssistant(context, { organizationId, settings })).id
}
