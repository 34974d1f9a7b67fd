import { SIMULATED_PHONES } from '@phonevoice/contracts'
import type { Random } from '../random.ts'
import { mutate } from './mutate.ts'
import type { Api, Operation, Parameter } from './operations.ts'
import { createValues, NASTY_TEXT, ODD_VALUES } from './values.ts'

/** What a request is like: as documented, at the edges, with one thing wrong, of wrong types throughout, no JSON at all. */
export const KINDS = ['valid', 'boundary', 'mutated', 'confused', 'broken'] as const
export type Kind = (typeof KINDS)[number]

export interface FuzzRequest {
  operation: Operation
  kind: Kind
  /** Path and query. */
  target: string
  headers: Record<string, string>
  body: string | null
}

export interface Requests {
  next(): FuzzRequest
  /** Remembers the ids in an answer, for later requests. */
  learn(answer: string): void
}

/** Of a hundred requests. */
const SHARES: readonly [Kind, number][] = [
  ['valid', 35],
  ['boundary', 20],
  ['mutated', 30],
  ['confused', 10],
  ['broken', 5],
]
const IDS_MAX = 40
const ID = /\b([a-z]{2,5})_[0-9a-z]{26}\b/g

export function createRequests(
  api: Api,
  options: {
    random: Random
    keys: readonly string[]
    /** Ids never asked for. */
    spared: ReadonlySet<string>
    seed: number
  },
): Requests {
  const { random } = options
  const ids = new Map<string, string[]>()
  const anyId = (prefix?: string): string | undefined => {
    const pool = prefix === undefined ? [...ids.values()].flat() : (ids.get(prefix) ?? [])
    return pool.length > 0 ? random.pick(pool) : undefined
  }
  const values = createValues(api, random, (name) => {
    if (name === 'phone_number') return random.pick(Object.keys(SIMULATED_PHONES))
    if (name === 'assistant_id') return anyId('asst')
    if (name === 'call_id') return anyId('call')
    if (name === 'endpoint_id') return anyId('endp')
    if (name === 'url' || name === 'webhook_url') return 'https://example.com/hook'
    if (name === 'from') return '+12025550190'
    return undefined
  })
  let serial = 0

  function kindOf(): Kind {
    let left = random.below(100)
    for (const [kind, share] of SHARES) {
      if (left < share) return kind
      left -= share
    }
    return 'valid'
  }

  function parameterText(parameter: Parameter, kind: Kind): string {
    if (parameter.in === 'path') {
      const prefix = /^([a-z]+)_/.exec(String(parameter.schema.example ?? ''))?.[1]
      if (kind === 'valid' || random.below(3) > 0) return anyId(prefix) ?? 'call_00000000000000000000000000'
      return random.pick([...NASTY_TEXT.slice(1), anyId() ?? 'x'])
    }
    if (kind === 'valid' || kind === 'boundary') {
      const value = values.known(parameter.name) ?? values.of(parameter.schema, kind)
      return String(Array.isArray(value) ? value[0] : value)
    }
    return String(random.pick([...NASTY_TEXT, ...ODD_VALUES.filter((value) => typeof value !== 'object')]))
  }

  function targetOf(operation: Operation, kind: Kind): string {
    const query = new URLSearchParams()
    let path = operation.path
    for (const parameter of operation.parameters) {
      const isLeftOut = parameter.in !== 'path' && !parameter.required && random.below(3) > 0
      if (isLeftOut || parameter.in === 'header') continue
      const text = parameterText(parameter, kind)
      if (parameter.in === 'query') query.append(parameter.name, text)
      else path = path.replace(`{${parameter.name}}`, encodeURIComponent(wellFormed(text)) || '%20')
    }
    if (kind === 'mutated' && random.below(5) === 0) query.append(random.pick(NASTY_TEXT), 'x')
    return query.size > 0 ? `${path}?${query}` : path
  }

  function bodyOf({ body }: Operation, kind: Kind): string | null {
    if (body === null) return null
    if (kind === 'confused') return JSON.stringify(random.pick(ODD_VALUES))
    if (kind === 'broken')
      return random.pick([
        '',
        '{',
        '[1,',
        '{"a":1}{"a":2}',
        '\u0000',
        '\ufeff{}',
        '['.repeat(20_000),
        '{"a":"\\ud800"}',
      ])
    const value = values.of(body, kind === 'boundary' ? 'boundary' : 'valid')
    return JSON.stringify(kind === 'mutated' ? mutate(value, random) : value) ?? 'null'
  }

  function headersOf(operation: Operation, kind: Kind, hasBody: boolean): Record<string, string> {
    const headers: Record<string, string> = {}
    if (operation.needsKey && (kind !== 'confused' || random.below(3) > 0))
      headers.authorization = `Bearer ${random.pick(options.keys)}`
    else if (kind === 'confused')
      headers.authorization = random.pick([
        'Bearer',
        'Bearer x',
        'Basic YTpi',
        `Bearer pv_test_${'a'.repeat(40)}`,
        '',
      ])
    if (hasBody)
      headers['content-type'] = kind === 'broken' && random.below(2) === 0 ? 'text/plain' : 'application/json'
    if (operation.parameters.some(({ in: place, name }) => place === 'header' && name === 'Idempotency-Key'))
      if (random.below(4) === 0)
        headers['idempotency-key'] =
          kind === 'valid'
            ? `fuzz-${options.seed}-${serial - random.below(3)}`
            : random.pick(['', ' ', 'é', 'k'.repeat(300)])
    return headers
  }

  return {
    next() {
      serial++
      const operation = random.pick(api.operations)
      const kind = kindOf()
      const body = bodyOf(operation, kind)
      return {
        operation,
        kind,
        target: targetOf(operation, kind),
        headers: headersOf(operation, kind, body !== null),
        body,
      }
    },
    learn(answer) {
      for (const [id, prefix] of answer.matchAll(ID)) {
        const pool = ids.get(prefix as string) ?? []
        if (pool.includes(id) || options.spared.has(id)) continue
        ids.set(prefix as string, [...pool.slice(-IDS_MAX + 1), id])
      }
    },
  }
}

function wellFormed(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, '\ufffd')
}
