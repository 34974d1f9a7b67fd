import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { binariesIn, copyBinaries, linkLibraries, resolveBinaries } from './binaries.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'phonevoice-binaries-'))
  mkdirSync(path.join(folder, 'native/lib'), { recursive: true })
  writeFileSync(path.join(folder, 'native/lib/libpq.so.5.18'), 'library')
  const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }]
  writeFileSync(path.join(folder, 'native/pg-symlinks.json'), JSON.stringify(links))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('says which platforms have no Postgres, and what to do then', () => {
  expect(() => resolveBinaries('sunos-sparc')).toThrow(/sunos-sparc.*DATABASE_URL/)
})

it('makes the links that the package could not carry, once', () => {
  const binaries = binariesIn(path.join(folder, 'native'), '18')
  expect(linkLibraries(binaries)).toBe(true)
  expect(linkLibraries(binaries)).toBe(true)
  expect(readFileSync(path.join(folder, 'native/lib/libpq.so.5'), 'utf8')).toBe('library')
})

it('copies with links, leaves no part behind, and does not copy twice', () => {
  const home = path.join(folder, 'home')
  mkdirSync(home)
  const binaries = binariesIn(path.join(folder, 'native'), '18')
  const copy = copyBinaries(binaries, home)
  expect(readFileSync(path.join(copy.nativeDir, 'lib/libpq.so.5'), 'utf8')).toBe('library')
  writeFileSync(path.join(copy.nativeDir, 'mark'), '')
  expect(copyBinaries(binaries, home)).toEqual(copy)
  expect(readdirSync(copy.nativeDir)).toContain('mark')
  expect(readdirSync(home)).toEqual(['postgres-18'])
})
