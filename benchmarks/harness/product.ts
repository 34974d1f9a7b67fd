/**
 * The product for a benchmark: a Postgres of its own in a temporary folder, migrated and seeded as `npm start` does it, and those of its apps that
 * are asked for, bundled and started the same way. What is not started cannot disturb the measurement: without a worker nobody dials.
 */
import { rmSync } from 'node:fs'
import path from 'node:path'
import { silentLog, systemClock } from '@phonevoice/base'
import { openDatabase } from '@phonevoice/db'
import type { ServiceContext } from '@phonevoice/services/context'
import { setLimits } from '@phonevoice/services/limits'
import { createSecretBox, masterKey } from '@phonevoice/services/secrets'
import { bundleApp } from '../../tools/launcher/bundle.ts'
import { migrateAll, openLauncherDatabase } from '../../tools/launcher/database.ts'
import { type AppName, appEnvironment, type Urls, urlsOf } from '../../tools/launcher/environment.ts'
import { choosePorts } from '../../tools/launcher/ports.ts'
import { ensureSeed, type Seed } from '../../tools/launcher/seed.ts'
import { ensureSecrets, openStateFolder } from '../../tools/launcher/state-folder.ts'
import { type Child, startChild } from './child.ts'
import { cpuMsOfFamily } from './cpu-of-family.ts'
import { makeFolder, removeLeftovers } from './leftovers.ts'
import type { Run } from './run.ts'

export interface Product {
  urls: Urls
  seed: Seed & { webhookSecret: string }
  databaseUrl: string
  /** For the benchmark's own reads and writes; wakes nobody. */
  ctx: ServiceContext
  sandbox: { accountSid: string; authToken: string }
  /** What all processes of Postgres have used so far; null where `/proc` does not tell. */
  databaseCpuMs(): number | null
  /** Starts one of the apps, or again with other variables once the first has been stopped. */
  startApp(name: AppName, env?: Record<string, string>, flags?: readonly string[]): Promise<Child>
  /** Starts a process of the benchmark's own, written in TypeScript. */
  startProcess(name: string, file: URL, env?: Record<string, string>): Promise<Child>
}

export async function openProduct(run: Pick<Run<unknown>, 'onEnd' | 'say'>): Promise<Product> {
  const projectRoot = path.resolve(import.meta.dirname, '../..')
  removeLeftovers()
  const folder = makeFolder()
  run.onEnd(() => rmSync(folder, { recursive: true, force: true }))
  const state = openStateFolder(folder)
  const secrets = ensureSecrets(state)
  const ports = await choosePorts(state, null)
  const urls = urlsOf(ports)
  run.say('starting Postgres')
  const database = await openLauncherDatabase({ databaseUrl: null, state, secrets })
  run.onEnd(() => database.stop())
  await migrateAll(database.url, null)
  const seed = await ensureSeed({
    databaseUrl: database.url,
    secretsKey: secrets.secretsKey,
    apiOrigin: urls.api,
    state,
  })
  const environment = appEnvironment({
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    state,
    secrets,
    ports,
    databaseUrl: database.url,
    webhookSecret: seed.webhookSecret,
  })
  const db = openDatabase({ url: database.url, applicationName: 'benchmark' })
  run.onEnd(() => db.close())
  const sandbox = { accountSid: secrets.sandboxAccountSid, authToken: secrets.sandboxAuthToken }
  const ctx: ServiceContext = {
    db,
    clock: systemClock,
    log: silentLog,
    secrets: createSecretBox({ db, masterKeys: [masterKey(Buffer.from(secrets.secretsKey, 'base64'))] }),
    wake() {},
    publish() {},
    settings: { apiOrigin: urls.api, sandbox: { carrierUrl: urls.sandbox, ...sandbox } },
  }
  // What is measured is the product, not the limits of one customer.
  const many = 1_000_000
  const change = {
    concurrentCalls: many,
    callsPerMinute: many,
    createsPerSecond: many,
    requestsPerSecond: many,
  }
  await setLimits(ctx, { organizationId: seed.organizationId, change })

  async function start(
    name: string,
    entry: string,
    env: Record<string, string | undefined>,
    flags: readonly string[] = [],
  ): Promise<Child> {
    const file = state.path('dist', `${name}.mjs`)
    await bundleApp(entry, file)
    const child = await startChild({ name, file, env, flags, logFile: state.path('logs', `${name}.log`) })
    run.onEnd(() => child.stop())
    return child
  }
  return {
    urls,
    seed,
    databaseUrl: database.url,
    sandbox,
    ctx,
    databaseCpuMs: () => cpuMsOfFamily(state.path('postgres', 'postmaster.pid')),
    startApp: (name, env = {}, flags = []) =>
      start(name, path.join(projectRoot, 'apps', name, 'src/main.ts'), { ...environment, ...env }, flags),
    startProcess: (name, file, env = {}) =>
      start(name, file.pathname, { PATH: process.env.PATH, NODE_ENV: 'production', ...env }),
  }
}
