import { InvalidInput } from '@phonevoice/base'

/** One page of a list, newest first. */
export interface Page<T> {
  items: T[]
  /** Asks for the page after this one; null on the last. */
  nextCursor: string | null
}

/** The last item a reader has seen, in the order (created_at, id). */
export interface Position {
  createdAt: Date
  id: string
}

export interface PageRequest {
  /** `nextCursor` of the page before; absent: the first page. */
  cursor?: string | undefined
  /** 1 to 100. Default 20. */
  limit?: number | undefined
}

const LIMIT_DEFAULT = 20
const LIMIT_MAX = 100

/** Puts a position into one opaque word that is safe in a query string. */
export function encodeCursor(position: Position): string {
  return Buffer.from(JSON.stringify([position.createdAt.getTime(), position.id])).toString('base64url')
}

/** Throws `invalid_cursor` for anything `encodeCursor` did not make. */
export function decodeCursor(cursor: string): Position {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    if (Array.isArray(value) && value.length === 2) {
      const [createdAtMs, id] = value as unknown[]
      if (isTime(createdAtMs) && typeof id === 'string' && !id.includes('\0')) {
        return { createdAt: new Date(createdAtMs), id }
      }
    }
  } catch {
    // Not base64url of JSON: refused below like every other foreign text.
  }
  throw new InvalidInput('invalid_cursor', 'Use the next_cursor of the page before, unchanged.', {
    fields: [{ pointer: 'query/cursor', message: 'is not a cursor of this list' }],
  })
}

/** How many rows to ask the database for: one more than the page holds, to see whether another page follows. */
export function rowsWanted(request: PageRequest): number {
  return pageSize(request) + 1
}

/** Cuts rows fetched with `rowsWanted` to one page. */
export function toPage<Row, T>(
  request: PageRequest,
  rows: readonly Row[],
  position: (row: Row) => Position,
  toItem: (row: Row) => T,
): Page<T> {
  const size = pageSize(request)
  const shown = rows.slice(0, size)
  const last = shown.at(-1)
  const nextCursor = rows.length > size && last !== undefined ? encodeCursor(position(last)) : null
  return { items: shown.map(toItem), nextCursor }
}

function pageSize(request: PageRequest): number {
  return Math.min(LIMIT_MAX, Math.max(1, Math.trunc(request.limit ?? LIMIT_DEFAULT)))
}

/** Times that both JavaScript and Postgres can hold; beyond them a forged cursor would be an error of the database. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= 8.64e12
}
