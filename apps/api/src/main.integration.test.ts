import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase, type TestDatabase } from '@phonevoice/db/test-database'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'

let database: TestDatabase
let folder: string
const children: ChildProcess[] = []
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
  folder = await mkdtemp(join(tmpdir(), 'phonevoice-main-'))
})
afterAll(async () => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL')
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})

async function start(env: Record<string, string> = {}): Promise<{ child: ChildProcess; url: string }> {
  const child = fork(new URL('./main.ts', import.meta.url), {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: database.url,
      API_PORT: '0',
      STORAGE_DIR: folder,
      SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
      ...env,
    },
  })
  children.push(child)
  const [message] = (await once(child, 'message')) as [{ type: string; urls: { api: string } }]
  expect(message.type).toBe('listening')
  return { child, url: message.urls.api }
}

test('says where it listens, serves, and leaves on SIGTERM', async () => {
  const { child, url } = await start()
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('leaves when the process that started it is gone', async () => {
  const { child } = await start()
  child.disconnect()
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('does not start with a configuration that cannot work', async () => {
  const child = fork(new URL('./main.ts', import.meta.url), {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { PATH: process.env.PATH, SECRETS_KEY: 'x' },
  })
  children.push(child)
  let complaint = ''
  child.stderr?.on('data', (chunk) => {
    complaint += chunk
  })
  const [code] = await once(child, 'exit')
  expect(code).not.toBe(0)
  for (const name of ['DATABASE_URL', 'STORAGE_DIR', 'SECRETS_KEY']) expect(complaint).toContain(name)
})
