import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFolderStorage, InvalidStorageKey, type ObjectStorage } from './index.ts'

let folder: string
let storage: ObjectStorage
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pv-storage-'))
  storage = createFolderStorage(join(folder, 'objects'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function read(key: string, range?: { start: number; end: number | null }): Promise<string | null> {
  const object = await storage.get(key, range)
  if (!object) return null
  const chunks: Uint8Array[] = []
  for await (const chunk of object.stream) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks).toString()
}
const bytes = (text: string): Uint8Array => Buffer.from(text)

describe('the folder storage', () => {
  test('gives back what was put, as bytes or as a stream', async () => {
    expect(await storage.put('calls/a.wav', bytes('whole'))).toEqual({ sizeBytes: 5 })
    await storage.put(
      'calls/b.wav',
      (async function* () {
        yield bytes('in ')
        yield bytes('pieces')
      })(),
    )
    expect([await read('calls/a.wav'), await read('calls/b.wav')]).toEqual(['whole', 'in pieces'])
  })

  test('serves ranges, cut to what exists', async () => {
    await storage.put('a', bytes('0123456789'))
    expect(await read('a', { start: 2, end: 4 })).toBe('234')
    expect(await read('a', { start: 7, end: null })).toBe('789')
    expect(await read('a', { start: 8, end: 100 })).toBe('89')
    expect(await read('a', { start: 10, end: null })).toBe('')
    expect((await storage.get('a', { start: 50, end: 60 }))?.sizeBytes).toBe(10)
  })

  test('a writer that breaks off leaves the old object and nothing else', async () => {
    await storage.put('a', bytes('old'))
    const broken = (async function* () {
      yield bytes('new')
      throw new Error('broke off')
    })()
    await expect(storage.put('a', broken)).rejects.toThrow('broke off')
    expect(await read('a')).toBe('old')
    expect(await readdir(join(folder, 'objects', '.unfinished'))).toEqual([])
  })

  test('a reader keeps its object while it is replaced', async () => {
    await storage.put('a', bytes('old'))
    const object = await storage.get('a')
    await storage.put('a', bytes('new'))
    const chunks: Uint8Array[] = []
    for await (const chunk of object!.stream) chunks.push(chunk as Uint8Array)
    expect(Buffer.concat(chunks).toString()).toBe('old')
  })

  test('lists by prefix and forgets what was deleted', async () => {
    for (const key of ['calls/1/a', 'calls/1/b', 'calls/10/a', 'other']) await storage.put(key, bytes('x'))
    expect(await storage.list('calls/1')).toEqual(['calls/1/a', 'calls/1/b', 'calls/10/a'])
    expect(await storage.list('calls/1/')).toEqual(['calls/1/a', 'calls/1/b'])
    await storage.delete('calls/1/a')
    await storage.delete('calls/1/a')
    expect(await storage.list('')).toEqual(['calls/1/b', 'calls/10/a', 'other'])
    expect(await storage.list('nothing/')).toEqual([])
    expect(await read('calls/1/a')).toBeNull()
  })

  test.each([
    '',
    '/',
    '/etc/passwd',
    '..',
    '../a',
    'a/../b',
    'a/..',
    './a',
    'a//b',
    'a/',
    '.unfinished/x',
    'a\\..\\b',
    'a\u0000b',
    'a b',
    'ä',
    'a'.repeat(501),
  ])('refuses the key %j', async (key) => {
    await expect(storage.put(key, bytes('x'))).rejects.toThrow(InvalidStorageKey)
    await expect(storage.get(key)).rejects.toThrow(InvalidStorageKey)
    await expect(storage.delete(key)).rejects.toThrow(InvalidStorageKey)
  })

  test('no key of any form writes outside the folder', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('a', '.', '..', '/', '\\', '~', '%2e', 'b')),
        async (parts) => {
          await storage.put(parts.join(''), bytes('x')).catch(() => {})
          expect(await readdir(folder)).toEqual(expect.not.arrayContaining(['a', 'b']))
        },
      ),
      { numRuns: 60 },
    )
    expect((await readdir(folder)).filter((name) => name !== 'objects')).toEqual([])
  })
})
