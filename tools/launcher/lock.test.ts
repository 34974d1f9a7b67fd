import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { endLeftovers, rememberProcesses } from './leftovers.ts'
import { takeLock } from './lock.ts'
import { choosePorts } from './ports.ts'
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts'
import { ensureSecrets, openStateFolder, type StateFolder } from './state-folder.ts'

let state: StateFolder

beforeEach(() => {
  state = openStateFolder(path.join(mkdtempSync(path.join(tmpdir(), 'phonevoice-state-')), '.phonevoice'))
})

afterEach(() => rmSync(path.dirname(state.root), { recursive: true, force: true }))

describe('takeLock', () => {
  it('lets one in at a time', () => {
    const giveBack = takeLock(state)
    expect(() => takeLock(state)).toThrow(`already running here (pid ${process.pid})`)
    giveBack()
    giveBack()
    takeLock(state)()
  })

  it('takes over from a holder that is gone, and from one whose number someone else has now', async () => {
    const child = spawn(process.execPath, ['-e', ''])
    const gone = identify(child.pid as number)
    await once(child, 'exit')
    for (const holder of [gone, { pid: process.pid, startedAt: 'another time' }, 'not a holder']) {
      writeFileSync(state.path('launcher.lock'), JSON.stringify(holder))
      takeLock(state)()
    }
  })
})

describe('endLeftovers', () => {
  it('ends the processes that were noted, and only those', async () => {
    const run = () => spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    const [noted, other] = [run(), run()]
    try {
      rememberProcesses(state, [noted.pid as number])
      const [first] = state.readJson<ProcessIdentity[]>('processes.json') ?? []
      const reused = { pid: other.pid as number, startedAt: 'another time' }
      state.writeJson('processes.json', [first, reused])
      expect(await endLeftovers(state)).toBe(1)
      expect(isRunning(first as ProcessIdentity)).toBe(false)
      expect(identify(other.pid as number)).not.toBeNull()
    } finally {
      noted.kill('SIGKILL')
      other.kill('SIGKILL')
    }
  })
})

describe('the state folder', () => {
  it('keeps secrets, and keeps them to itself', () => {
    const secrets = ensureSecrets(state)
    expect(Buffer.from(secrets.secretsKey, 'base64')).toHaveLength(32)
    expect(ensureSecrets(state)).toEqual(secrets)
    expect(statSync(state.path('secrets.json')).mode & 0o077).toBe(0)
    expect(statSync(state.root).mode & 0o066).toBe(0)
  })

  it('refuses to replace secrets that it cannot read', () => {
    writeFileSync(state.path('secrets.json'), '{')
    expect(() => ensureSecrets(state)).toThrow(/cannot be read/)
  })
})

describe('choosePorts', () => {
  it('keeps its ports, except one that was taken meanwhile', async () => {
    const first = await choosePorts(state, null)
    expect(new Set(Object.values(first)).size).toBe(5)
    expect(await choosePorts(state, null)).toEqual(first)
    const squatter = createServer().listen(first.media, '127.0.0.1')
    await once(squatter, 'listening')
    const second = await choosePorts(state, null)
    expect(second.media).not.toBe(first.media)
    expect({ ...second, media: 0 }).toEqual({ ...first, media: 0 })
    await expect(choosePorts(state, first.media)).rejects.toThrow(/is taken/)
    squatter.close()
  })
})
