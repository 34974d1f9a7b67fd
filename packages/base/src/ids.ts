import { randomFillSync } from 'node:crypto'

/**
 * Every id prefix in the product. An id is `<prefix>_<26 Crockford base32 characters>`: ten for the creation time, so ids sort by age; two that count what
 * a process makes within a millisecond, so that those keep their order, too; fourteen of chance.
 */
export const ID_PREFIXES = {
  organization: 'org',
  apiKey: 'key',
  assistant: 'asst',
  call: 'call',
  event: 'evt',
  turn: 'turn',
  endpoint: 'endp',
  delivery: 'dlv',
  attempt: 'att',
  recording: 'rec',
  phoneNumber: 'num',
  carrierAccount: 'cacc',
  work: 'work',
  stream: 'strm',
  command: 'cmd',
  node: 'node',
  request: 'req',
  usage: 'use',
  doNotCall: 'dnc',
  dataKey: 'dk',
  audit: 'aud',
} as const satisfies Record<string, string>

export type IdKind = keyof typeof ID_PREFIXES
export type Id<K extends IdKind> = `${(typeof ID_PREFIXES)[K]}_${string}`

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/** Makes a new id of the given kind, e.g. `newId('call')` → `call_01jd…`. */
export function newId<K extends IdKind>(kind: K, nowMs: number = Date.now()): Id<K> {
  return `${ID_PREFIXES[kind]}_${encodeTime(nowMs)}${encodeCount(nowMs)}${encodeRandom()}`
}

/** True when `value` has the shape of an id of this kind. It says nothing about existence. */
export function isId<K extends IdKind>(kind: K, value: string): value is Id<K> {
  const prefix = `${ID_PREFIXES[kind]}_`
  return value.startsWith(prefix) && /^[0-9a-hjkmnp-tv-z]{26}$/.test(value.slice(prefix.length))
}

function encodeTime(nowMs: number): string {
  let rest = nowMs
  let text = ''
  for (let i = 0; i < 10; i++) {
    text = ALPHABET.charAt(rest % 32) + text
    rest = Math.floor(rest / 32)
  }
  return text
}

let countedMs = 0
let count = 0

/** Beyond 1,024 in a millisecond the order is given up, not the id: chance still tells them apart. */
function encodeCount(nowMs: number): string {
  count = nowMs === countedMs ? (count + 1) % 1024 : 0
  countedMs = nowMs
  return ALPHABET.charAt(count >> 5) + ALPHABET.charAt(count & 31)
}

/** Fetched for many ids at once: a call into the random generator costs several times what the id itself does. Each byte is used once, then erased. */
const RANDOM_BYTES = 14
const pool = Buffer.alloc(256 * RANDOM_BYTES)
let poolAt = pool.length

function encodeRandom(): string {
  if (poolAt === pool.length) {
    randomFillSync(pool)
    poolAt = 0
  }
  const end = poolAt + RANDOM_BYTES
  let text = ''
  for (; poolAt < end; poolAt++) {
    text += ALPHABET.charAt((pool[poolAt] as number) & 31)
    pool[poolAt] = 0
  }
  return text
}
