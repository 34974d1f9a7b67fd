import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { silentLog } from '@phonevoice/base'
import { expect, test } from 'vitest'
import { readSandboxConfig } from './config.ts'
import { createSandbox } from './server.ts'

const ACCOUNT = { accountSid: `AC${'1'.repeat(32)}`, authToken: '2'.repeat(32) }

test('starts carrier, providers and inbox, and closes twice without harm', async () => {
  const sandbox = await createSandbox({ ...ACCOUNT, log: silentLog })
  for (const url of Object.values(sandbox.urls))
    expect((await fetch(new URL('/healthz', url))).status).toBe(200)
  await sandbox.close()
  await sandbox.close()
  await expect(fetch(`${sandbox.urls.carrier_url}/healthz`)).rejects.toThrow()
})

test('closes what it opened when a port is taken', async () => {
  const first = await createSandbox({ ...ACCOUNT, log: silentLog })
  const inboxPort = Number(new URL(first.urls.inbox_url).port)
  await expect(createSandbox({ ...ACCOUNT, inboxPort, log: silentLog })).rejects.toThrow(/EADDRINUSE/)
  await first.close()
})

test('reads its configuration with defaults and names every problem', () => {
  expect(readSandboxConfig({})).toMatchObject({
    SANDBOX_PORT: 4010,
    SANDBOX_RING_TIME_SCALE: 1,
    LOG_LEVEL: 'info',
  })
  expect(() => readSandboxConfig({ SANDBOX_PORT: 'x', SANDBOX_ACCOUNT_SID: 'y' })).toThrow(
    /SANDBOX_PORT[\s\S]*SANDBOX_ACCOUNT_SID/,
  )
})

test('as a child process it tells where it listens and leaves on SIGTERM', async () => {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url))
  const tsx = createRequire(import.meta.url).resolve('tsx')
  const child = spawn(process.execPath, ['--import', tsx, main], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, SANDBOX_PORT: '0', SANDBOX_PROVIDERS_PORT: '0', SANDBOX_INBOX_PORT: '0' },
  })
  const [message] = (await once(child, 'message')) as [{ type: string; urls: Record<string, string> }]
  expect(message.type).toBe('listening')
  expect((await fetch(`${message.urls.carrier_url}/healthz`)).status).toBe(200)
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  expect(code).toBe(0)
}, 20_000)
