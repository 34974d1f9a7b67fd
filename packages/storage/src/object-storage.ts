import type { Readable } from 'node:stream'
import { InternalError } from '@phonevoice/base'

/** Where recordings live. Keys are paths of ASCII letters, digits, `-`, `_`, `.` between slashes; they carry no meaning to the storage. */
export interface ObjectStorage {
  /** Writes an object whole: readers see the old one or the new one, never half. Replaces what was there. Returns its size. */
  put(key: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<{ sizeBytes: number }>
  /** Null when there is no such object. A range is cut to what exists. */
  get(key: string, range?: ByteRange): Promise<StoredObject | null>
  /** Harmless when there is no such object. */
  delete(key: string): Promise<void>
  /** Keys that begin with `prefix`, sorted. */
  list(prefix: string): Promise<string[]>
}

/** Both ends count, from 0, as in HTTP. */
export interface ByteRange {
  start: number
  /** Null: to the end. */
  end: number | null
}

export interface StoredObject {
  /** The bytes of the range. Read it to its end or destroy it. */
  stream: Readable
  /** Size of the whole object. */
  sizeBytes: number
}

/** Thrown for a key that could leave its place. Keys are made by us, so this is ours to fix. */
export class InvalidStorageKey extends InternalError {}

const KEY = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*(\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$/

/** Refuses empty, absolute, dotted and otherwise surprising keys, so that no key means a place outside the storage. */
export function checkStorageKey(key: string): void {
  if (key.length > 500 || !KEY.test(key)) throw new InvalidStorageKey('A storage key has an unusable form.')
}
