import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type App, startApp } from './app-process.ts'
import { bundleApp } from './bundle.ts'
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts'

let folder: string
const apps: App[] = []

async function start(
  source: string,
  options: { stopTimeoutMs?: number; startTimeoutMs?: number } = {},
): Promise<App> {
  const file = path.join(folder, 'app.mjs')
  writeFileSync(file, source)
  const logFile = path.join(folder, 'app.log')
  const app = await startApp({ name: 'app', file, env: process.env, logFile, healthUrl: null, ...options })
  apps.push(app)
  return app
}

const LISTENING = `process.send({ type: 'other' }); process.send({ type: 'listening', urls: {} }); setInterval(() => {}, 1000);`

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'phonevoice-launcher-'))
})

afterEach(async () => {
  for (const app of apps.splice(0)) {
    app.kill()
    await app.ended
  }
  rmSync(folder, { recursive: true, force: true })
})

describe('startApp', () => {
  it('shows the end of the log of an app that does not start', async () => {
    const failing = start(`console.error('DATABASE_URL is missing'); process.exit(3)`)
    await expect(failing).rejects.toThrow(
      /app did not start: it ended \(exit code 3\).*DATABASE_URL is missing/s,
    )
  })

  it('gives up on an app that never says it listens, and ends it', async () => {
    const source = `import { writeFileSync } from 'node:fs'; writeFileSync(new URL('pid', import.meta.url), String(process.pid)); setInterval(() => {}, 1000)`
    await expect(start(source, { startTimeoutMs: 1000 })).rejects.toThrow(/not ready after 1 s/)
    expect(identify(Number(readFileSync(path.join(folder, 'pid'), 'utf8')))).toBeNull()
  })

  it('asks an app to stop and waits for what it still has to do', async () => {
    const app = await start(
      `process.on('SIGTERM', () => { console.log('drained'); process.exit(0) }); ${LISTENING}`,
    )
    await Promise.all([app.stop(), app.stop()])
    expect(readFileSync(path.join(folder, 'app.log'), 'utf8')).toContain('drained')
    expect(identify(app.pid)).toBeNull()
  })

  it('kills an app that does not stop in time', async () => {
    const app = await start(`process.on('SIGTERM', () => {}); ${LISTENING}`, { stopTimeoutMs: 100 })
    await app.stop()
    expect(identify(app.pid)).toBeNull()
  })
})

it('leaves no app behind when the launcher itself is killed', async () => {
  writeFileSync(path.join(folder, 'app.mjs'), LISTENING)
  const launcher = path.join(folder, 'launcher.mts')
  const module = path.join(import.meta.dirname, 'app-process.ts')
  writeFileSync(
    launcher,
    `import { startApp } from ${JSON.stringify(module)}
     const app = await startApp({ name: 'app', file: ${JSON.stringify(path.join(folder, 'app.mjs'))}, env: process.env,
       logFile: ${JSON.stringify(path.join(folder, 'app.log'))}, healthUrl: null })
     console.log(app.pid)
     setInterval(() => {}, 1000)`,
  )
  const bundled = path.join(folder, 'launcher.mjs')
  writeFileSync(path.join(folder, 'guard.mjs'), readFileSync(path.join(import.meta.dirname, 'guard.mjs')))
  await bundleApp(launcher, bundled)
  const child = spawn(process.execPath, [bundled], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const app = identify(Number(line.toString())) as ProcessIdentity
  expect(isRunning(app)).toBe(true)
  child.kill('SIGKILL')
  await expect.poll(() => isRunning(app), { timeout: 10_000 }).toBe(false)
})
