/**
 * The array types our statements use. postgres.js can ask each new connection for all of them, but when that question fails, for instance because
 * the server restarts at that moment, nobody handles the rejection and the process dies; so we do not let it ask. It also saves a round trip.
 */

/** Type and array type by oid, from `pg_type`: fixed numbers of Postgres itself. */
const ARRAYS = {
  text: { array: 1009, read: (text: string): unknown => text, write: String },
  varchar: { array: 1015, read: (text: string): unknown => text, write: String },
  int4: { array: 1007, read: (text: string): unknown => Number(text), write: String },
  int8: { array: 1016, read: (text: string): unknown => text, write: String },
  float8: { array: 1022, read: (text: string): unknown => Number(text), write: String },
  bool: { array: 1000, read: (text: string): unknown => text === 't', write: String },
  timestamptz: { array: 1185, read: (text: string): unknown => new Date(text), write: writeTime },
} as const

/** For the `types` option of postgres.js. */
export const arrayTypes = Object.fromEntries(
  Object.entries(ARRAYS).map(([name, { array, read, write }]) => [
    `${name}_array`,
    {
      to: array,
      from: [array],
      // drizzle hands over arrays that it has written as text already.
      serialize: (value: unknown) => (Array.isArray(value) ? writeArray(value, write) : value),
      parse: (text: string) => readArray(text, read),
    },
  ]),
)

/** `{"a","b",NULL}`: one dimension. */
export function writeArray(values: readonly unknown[], write: (value: unknown) => string = String): string {
  const items = values.map((value) =>
    value === null || value === undefined
      ? 'NULL'
      : `"${write(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
  )
  return `{${items.join(',')}}`
}

/** Reads one dimension as the server writes it. */
export function readArray<T>(text: string, read: (item: string) => T): (T | null)[] {
  const items: (T | null)[] = []
  const item = /(?:"((?:[^"\\]|\\.)*)"|([^,{}"]+))(?=[,}])/gs
  for (const [, quoted, plain] of text.matchAll(item)) {
    if (quoted !== undefined) items.push(read(quoted.replaceAll(/\\(.)/gs, '$1')))
    else items.push(plain === 'NULL' || plain === undefined ? null : read(plain))
  }
  return items
}

function writeTime(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value)
}
