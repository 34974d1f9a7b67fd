import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type ByteRange, checkStorageKey, type ObjectStorage } from './object-storage.ts'

/** Unfinished files; never listed, because no key begins with a dot. */
const TEMPORARY_FOLDER = '.unfinished'

/** Objects as files in a folder that all processes share. It is made when first written to. */
export function createFolderStorage(folder: string): ObjectStorage {
  const root = resolve(folder)
  const pathOf = (key: string): string => {
    checkStorageKey(key)
    return join(root, ...key.split('/'))
  }

  return {
    async put(key, content) {
      const path = pathOf(key)
      const temporary = join(root, TEMPORARY_FOLDER, randomUUID())
      try {
        const size = await write(temporary, content)
        await inFolderOf(path, () => rename(temporary, path))
        return { sizeBytes: size }
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
    },

    async get(key, range) {
      const path = pathOf(key)
      const file = await open(path, 'r').catch(nullWhenMissing)
      if (!file) return null
      try {
        const { size } = await file.stat()
        const { start, end } = clamp(range ?? { start: 0, end: null }, size)
        if (start > end) {
          await file.close()
          return { stream: Readable.from([]), sizeBytes: size }
        }
        // The open file stays readable while another one takes its name.
        return { stream: createReadStream('', { fd: file, start, end, autoClose: true }), sizeBytes: size }
      } catch (error) {
        await file.close()
        throw error
      }
    },

    async delete(key) {
      await rm(pathOf(key), { force: true })
    },

    async list(prefix) {
      if (prefix !== '') checkStorageKey(prefix.replace(/\/$/, ''))
      // Only the folder part narrows the walk; the rest of the prefix narrows the names.
      const base = join(root, ...prefix.split('/').slice(0, -1))
      const entries = await readdir(base, { recursive: true, withFileTypes: true }).catch(nullWhenMissing)
      return (entries ?? [])
        .filter((entry) => entry.isFile())
        .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
        .filter((key) => key.startsWith(prefix) && !key.startsWith(`${TEMPORARY_FOLDER}/`))
        .sort()
    },
  }
}

/** Makes the folder only when it turns out to be missing, since nearly always it is there. */
async function inFolderOf<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    await mkdir(dirname(path), { recursive: true })
    return await work()
  }
}

/** The bytes are on the disk before the name is: a crash must not leave a whole name on half a file. The size in bytes. */
async function write(path: string, content: Parameters<ObjectStorage['put']>[1]): Promise<number> {
  if (content instanceof Uint8Array) {
    await inFolderOf(path, () => writeFile(path, content, { flag: 'wx', flush: true }))
    return content.length
  }
  await mkdir(dirname(path), { recursive: true })
  await pipeline(content, createWriteStream(path, { flags: 'wx', flush: true }))
  return (await stat(path)).size
}

function clamp(range: ByteRange, sizeBytes: number): { start: number; end: number } {
  return { start: Math.max(0, range.start), end: Math.min(range.end ?? sizeBytes - 1, sizeBytes - 1) }
}

function nullWhenMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
  throw error
}
