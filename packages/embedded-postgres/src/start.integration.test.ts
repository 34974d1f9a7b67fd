import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { silentLog } from '@phonevoice/base'
import postgres from 'postgres'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ensureDatabase } from './ensure-database.ts'
import { isAlive } from './postmaster.ts'
import { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from './start.ts'

const isRoot = process.getuid?.() === 0
let folder: string
const started: EmbeddedPostgres[] = []

async function start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({
    dataDir: path.join(folder, 'data'),
    log: silentLog,
    ...options,
  })
  started.push(server)
  return server
}

/** Runs one query on a connection of its own. */
async function query<Row extends object>(url: string, text: string): Promise<readonly Row[]> {
  const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => {} })
  try {
    return await sql.unsafe<Row[]>(text)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve))
}

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'phonevoice-embedded-'))
  chmodSync(folder, 0o711)
})

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('startEmbeddedPostgres', () => {
  it('starts a server that is no child of root, keeps its data over a stop, and is gone after stop', async () => {
    const first = await start()
    await query(first.adminUrl, 'create table kept (value int); insert into kept values (42)')
    if (isRoot) expect(statSync(`/proc/${first.pid}`).uid).not.toBe(0)
    await Promise.all([first.stop(), first.stop()])
    expect(isAlive(first.pid)).toBe(false)

    const second = await start()
    expect(second.isFresh).toBe(true)
    expect(await query(second.adminUrl, 'select value from kept')).toEqual([{ value: 42 }])
  })

  it('replays what was committed when the server was killed', async () => {
    const first = await start()
    await query(first.adminUrl, 'create table kept (value int); insert into kept values (7)')
    process.kill(first.pid, 'SIGKILL')
    await until(() => !isAlive(first.pid))

    const second = await start()
    expect(await query(second.adminUrl, 'select value from kept')).toEqual([{ value: 7 }])
  })

  it('takes over a server that an earlier launcher left running', async () => {
    const first = await start()
    const second = await start()
    expect(second).toMatchObject({ pid: first.pid, port: first.port, isFresh: false })
    await second.stop()
    expect(isAlive(first.pid)).toBe(false)
  })

  it('starts although the old pid file names a process that is no Postgres', async () => {
    const first = await start()
    const pidFile = path.join(first.dataDir, 'postmaster.pid')
    await first.stop()
    // Our own pid: alive, and certainly not a server.
    spawnSync('sh', [
      '-c',
      `printf '%s\\n${first.dataDir}\\n1\\n1\\n\\n127.0.0.1\\n' ${process.pid} > ${pidFile}`,
    ])
    expect((await start()).isFresh).toBe(true)
  })

  it('keeps password, log and data from other users', async () => {
    const server = await start()
    for (const name of ['data.password', 'data.log']) {
      expect(statSync(path.join(folder, name)).mode & 0o077, name).toBe(0)
    }
    expect(statSync(server.dataDir).mode & 0o077).toBe(0)
    await expect(query(server.adminUrl.replace(/:[^:@]+@/, ':wrong@'), 'select 1')).rejects.toThrow(
      /password/,
    )
  })

  it('gives up at once, with the server’s own words, on a port that is taken', async () => {
    const first = await start()
    const options = { dataDir: path.join(folder, 'other'), port: first.port }
    await expect(start(options)).rejects.toThrow(/could not bind/)
  })
})

describe('ensureDatabase', () => {
  it('makes a database that belongs to a plain role, and changes the password when called again', async () => {
    const server = await start({ isEphemeral: true })
    const settings = { database: 'phonevoice', role: 'phonevoice', password: `it's "odd" / %41@:é` }
    const url = await ensureDatabase(server.adminUrl, settings)
    await query(url, 'create table calls (id text)')
    const [role] = await query(
      url,
      'select rolsuper, rolcreatedb, rolcreaterole from pg_roles where rolname = current_user',
    )
    expect(role).toEqual({ rolsuper: false, rolcreatedb: false, rolcreaterole: false })
    await expect(query(url, `copy calls to program 'true'`)).rejects.toThrow(/permission denied/)

    const again = await ensureDatabase(server.adminUrl, { ...settings, password: 'new' })
    expect(await query(again, 'select count(*)::int as n from calls')).toEqual([{ n: 0 }])
    await expect(query(url, 'select 1')).rejects.toThrow(/password/)
  })

  it('refuses names that would need quoting', async () => {
    const settings = { database: 'x"; drop', role: 'r', password: 'p' }
    await expect(ensureDatabase('postgres://127.0.0.1:1/x', settings)).rejects.toThrow(/plain database name/)
  })
})

describe.runIf(isRoot)('as root, in a folder that nobody else may enter', () => {
  let home: string | null = null

  afterEach(() => {
    if (home?.startsWith(path.join(tmpdir(), 'phonevoice-'))) rmSync(home, { recursive: true, force: true })
    home = null
  })

  it('moves to the temporary folder, whatever the umask, and finds itself there again', async () => {
    chmodSync(folder, 0o700)
    const umask = process.umask(0o077)
    const first = await start().finally(() => process.umask(umask))
    home = path.dirname(first.dataDir)
    expect(existsSync(path.join(folder, 'data'))).toBe(false)
    await query(first.adminUrl, 'create table kept (value int)')
    await first.stop()
    const second = await start()
    expect(second.dataDir).toBe(first.dataDir)
    expect(await query(second.adminUrl, 'select * from kept')).toEqual([])
  })

  it('refuses a place that someone else prepared', async () => {
    chmodSync(folder, 0o700)
    const first = await start()
    await first.stop()
    home = path.dirname(first.dataDir)
    const moved = `${home}.moved`
    spawnSync('mv', [home, moved])
    try {
      symlinkSync(moved, home)
      await expect(start()).rejects.toThrow(/is not a folder/)
    } finally {
      spawnSync('rm', ['-rf', home, moved])
    }
  })
})
