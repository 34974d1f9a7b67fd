import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Installation, launch, type Running, stopAll } from './launch.ts'
import { identify } from './process-identity.ts'
import { openStateFolder, type StateFolder } from './state-folder.ts'

/** Stands for an app: notes what it was given, when it started and when it was asked to stop. */
const FAKE_APP = (name: string, port: string) => `
  import { appendFileSync, writeFileSync } from 'node:fs'
  import { createServer } from 'node:http'
  const note = (what: string) => appendFileSync(process.env.NOTES as string, what + ' ${name}\\n')
  writeFileSync(process.env.NOTES + '.${name}', JSON.stringify(process.env))
  const server = createServer((_request, response) => response.end())
  server.listen(Number(process.env.${port} ?? 0), '127.0.0.1', () => {
    note('started')
    process.send?.({ type: 'listening', urls: {} })
  })
  process.on('SIGTERM', () => { note('stopped'); process.exit(0) })`

let project: string
let state: StateFolder
let running: Running

beforeEach(() => {
  project = mkdtempSync(path.join(tmpdir(), 'phonevoice-project-'))
  // As root the database runs as another user, who must be able to pass.
  chmodSync(project, 0o711)
  const ports = { sandbox: 'SANDBOX_PORT', api: 'API_PORT', media: 'MEDIA_PORT', worker: 'NONE' }
  for (const [name, port] of Object.entries(ports)) {
    mkdirSync(path.join(project, 'apps', name, 'src'), { recursive: true })
    writeFileSync(path.join(project, 'apps', name, 'src/main.ts'), FAKE_APP(name, port))
  }
  state = openStateFolder(path.join(project, '.phonevoice'))
  running = { apps: [], stopDatabase: null }
})

afterEach(async () => {
  await stopAll(running)
  rmSync(project, { recursive: true, force: true })
})

const notes = () => readFileSync(path.join(project, 'notes'), 'utf8').trim().split('\n')

async function start(signal = new AbortController().signal): Promise<Installation> {
  running = { apps: [], stopDatabase: null }
  const env = {
    ...process.env,
    NOTES: path.join(project, 'notes'),
    DATABASE_URL: '',
    REDIS_URL: '',
    PORT: '',
  }
  return await launch({ projectRoot: project, state, env, report: () => {}, signal }, running)
}

it('starts from the sandbox to the worker, stops in reverse, and comes back with the same keys and ports', async () => {
  const first = await start()
  expect(notes()).toEqual(['started sandbox', 'started api', 'started media', 'started worker'])
  await stopAll(running)
  expect(notes().slice(4)).toEqual(['stopped worker', 'stopped media', 'stopped api', 'stopped sandbox'])
  for (const { pid } of first.apps) expect(identify(pid)).toBeNull()

  const second = await start()
  expect(second.seed).toEqual(first.seed)
  expect(second.urls).toEqual(first.urls)
})

it('tells every app where the others are and which database role to use', async () => {
  const { urls, seed } = await start()
  const env = JSON.parse(readFileSync(path.join(project, 'notes.worker'), 'utf8'))
  expect(env).toMatchObject({
    API_PUBLIC_ORIGIN: urls.api,
    MEDIA_PUBLIC_ORIGIN: urls.media,
    SANDBOX_CARRIER_URL: urls.sandbox,
    SANDBOX_PROVIDERS_URL: `${urls.providers}/v1`,
    SANDBOX_WEBHOOK_SECRET: seed.webhookSecret,
    OUTBOUND_ALLOWED_RANGES: '127.0.0.0/8,::1/128',
  })
  expect(new URL(env.DATABASE_URL).username).toBe('phonevoice')
  expect(Buffer.from(env.SECRETS_KEY, 'base64')).toHaveLength(32)
})

it('refuses a database that was made with another key, rather than work on what it cannot read', async () => {
  await start()
  await stopAll(running)
  rmSync(state.path('secrets.json'))
  await expect(start()).rejects.toThrow(/made with another key than that in .*secrets\.json/)
  expect(running.apps).toEqual([])
})

it('recovers from a start whose launcher was killed: the old apps end, the database is taken over', async () => {
  await start()
  const old = running
  // The launcher is "killed" by forgetting what runs.
  const second = await start()
  for (const app of old.apps) expect(identify(app.pid)).toBeNull()
  expect(second.apps).toHaveLength(4)
})

it('can be stopped half-way', async () => {
  const abort = new AbortController()
  writeFileSync(path.join(project, 'apps/api/src/main.ts'), 'setInterval(() => {}, 1000)')
  const starting = start(abort.signal)
  await expect.poll(() => running.apps.length, { timeout: 20_000 }).toBe(1)
  abort.abort()
  await expect(starting).rejects.toThrow(/api did not start: the start was cancelled/)
})
