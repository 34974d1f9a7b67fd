import path from 'node:path'
import { type App, startApp } from './app-process.ts'
import { bindAgain } from './bound-numbers.ts'
import { bundleApp } from './bundle.ts'
import { migrateAll, openLauncherDatabase } from './database.ts'
import { APP_NAMES, type AppName, appEnvironment, healthUrlOf, type Urls, urlsOf } from './environment.ts'
import { parsePort } from './flags.ts'
import { endLeftovers, rememberProcesses } from './leftovers.ts'
import { choosePorts } from './ports.ts'
import { ensureSeed, type Seed } from './seed.ts'
import { ensureSecrets, type StateFolder } from './state-folder.ts'

export interface LaunchOptions {
  projectRoot: string
  state: StateFolder
  env: Readonly<Record<string, string | undefined>>
  /** Told what has just become ready. */
  report(line: string): void
  /** Aborted when the user asks to stop while things are starting. */
  signal: AbortSignal
}

/** Everything that runs. Filled while it starts, so that a start that fails half-way can be taken down again. */
export interface Installation {
  urls: Urls
  seed: Seed & { webhookSecret: string }
  apps: readonly App[]
  /** What every app was given, so that one can be started again. */
  environment: Readonly<Record<string, string | undefined>>
}

/** What has been started, in order; taken down in reverse. */
export interface Running {
  apps: App[]
  stopDatabase: (() => Promise<void>) | null
}

/** Postgres, migrations, the demo's rows, then sandbox, api, media and worker. The worker comes last: it starts to dial at once. */
export async function launch(options: LaunchOptions, running: Running): Promise<Installation> {
  const { state, env, report, signal, projectRoot } = options
  await endLeftovers(state)
  const secrets = ensureSecrets(state)
  const ports = await choosePorts(state, parsePort(env.PORT))
  const urls = urlsOf(ports)
  const bundles = bundleAll(projectRoot, state)
  // Awaited below; a failure meanwhile must not count as unhandled.
  bundles.catch(() => {})

  const database = await openLauncherDatabase({ databaseUrl: env.DATABASE_URL || null, state, secrets })
  running.stopDatabase = database.stop
  signal.throwIfAborted()
  await migrateAll(database.url, env.REDIS_URL || null)
  report(`Postgres  ${database.description}`)
  const seed = await ensureSeed({
    databaseUrl: database.url,
    secretsKey: secrets.secretsKey,
    apiOrigin: urls.api,
    state,
  })

  const files = await bundles
  const appEnv = appEnvironment({
    env,
    state,
    secrets,
    ports,
    databaseUrl: database.url,
    webhookSecret: seed.webhookSecret,
  })
  for (const name of APP_NAMES) {
    const app = await startApp({
      name,
      file: files[name],
      env: appEnv,
      logFile: state.path('logs', `${name}.log`),
      healthUrl: healthUrlOf(name, ports),
      signal,
    })
    running.apps.push(app)
    rememberProcesses(
      state,
      running.apps.map(({ pid }) => pid),
    )
    report(`${name.padEnd(8)}  ${describe(name, urls)}`)
  }
  await bindAgain(urls.api, seed.testKey).catch((error: Error) =>
    report(`numbers   not bound again: ${error.message}`),
  )
  return { urls, seed, apps: running.apps, environment: appEnv }
}

/** In reverse order: first who makes work, last who keeps it. */
export async function stopAll(running: Running): Promise<void> {
  for (const app of running.apps.toReversed()) await app.stop()
  await running.stopDatabase?.()
}

function describe(name: AppName, urls: Urls): string {
  if (name === 'sandbox')
    return `carrier ${urls.sandbox}, providers ${urls.providers}, webhook inbox ${urls.inbox}`
  if (name === 'worker') return 'dials, delivers webhooks, finishes calls'
  return urls[name]
}

async function bundleAll(projectRoot: string, state: StateFolder): Promise<Record<AppName, string>> {
  const files = {} as Record<AppName, string>
  await Promise.all(
    APP_NAMES.map(async (name) => {
      files[name] = state.path('dist', `${name}.mjs`)
      await bundleApp(path.join(projectRoot, 'apps', name, 'src/main.ts'), files[name])
    }),
  )
  return files
}
