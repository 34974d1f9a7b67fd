import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { openDatabase } from '@phonevoice/db'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'

const run = promisify(execFile)
const name = `pv_build_${randomBytes(6).toString('hex')}`
let dist: string
let databaseUrl: string

beforeAll(async () => {
  dist = mkdtempSync(path.join(tmpdir(), 'phonevoice-build-'))
  await run(process.execPath, ['--import', 'tsx', 'tools/build.ts', dist])
  await onServer(`create database ${name}`)
  const url = new URL(inject('postgresUrl'))
  url.pathname = `/${name}`
  databaseUrl = url.href
})
afterAll(async () => {
  await onServer(`drop database if exists ${name} with (force)`)
  rmSync(dist, { recursive: true, force: true })
})

async function onServer(statement: string): Promise<void> {
  const server = openDatabase({ url: inject('postgresUrl'), connectionsMax: 1 })
  await server.sql.unsafe(statement)
  await server.close()
}

/** Runs a bundle in an empty folder, with nothing in the environment but `env`. */
const bundle = (program: string, args: string[], env: Record<string, string>) =>
  run(process.execPath, [path.join(dist, `${program}.mjs`), ...args], {
    cwd: dist,
    env: { PATH: process.env.PATH ?? '', ...env },
    timeout: 20_000,
  })

test('migrate makes the tables of an empty database, and may be repeated; admin works on them', async () => {
  const env = { DATABASE_URL: databaseUrl, SECRETS_KEY: Buffer.alloc(32, 9).toString('base64') }
  await expect(bundle('admin', ['organization', 'list'], env)).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('run the migrations first'),
  })
  for (let time = 0; time < 2; time++)
    expect((await bundle('migrate', [], env)).stdout).toContain('up to date')
  await bundle('admin', ['organization', 'create', 'Built'], env)
  expect((await bundle('admin', ['organization', 'list'], env)).stdout).toContain('Built')

  const database = openDatabase({ url: databaseUrl, connectionsMax: 1 })
  const [queue] =
    await database.sql`select 1 from information_schema.tables where table_schema = 'bullmq' limit 1`
  await database.close()
  expect(queue).toBeDefined()
})

test.each(['api', 'media', 'worker'])('%s loads, and names every variable it lacks', async (app) => {
  await expect(bundle(app, [], {})).rejects.toMatchObject({
    stderr: expect.stringMatching(/The configuration is not usable:[\s\S]*DATABASE_URL[\s\S]*SECRETS_KEY/),
  })
})

test('migrate without a database says so', async () => {
  await expect(bundle('migrate', [], {})).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('DATABASE_URL is not set'),
  })
})
