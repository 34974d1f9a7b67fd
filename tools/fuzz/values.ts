import type { Random } from '../random.ts'
import type { Api, Schema } from './operations.ts'

/** How a value is made: as documented, at the edges of what is documented. */
export type Manner = 'valid' | 'boundary'

/** Text that has broken parsers, stores and logs elsewhere. */
export const NASTY_TEXT: readonly string[] = [
  '',
  ' ',
  '\0',
  '\ud800',
  '\udfff\ud800',
  '\u202e\u0007',
  '💩'.repeat(300),
  'a'.repeat(5000),
  '../../etc/passwd',
  "'; drop table calls; --",
  '{{constructor}}',
  '__proto__',
  '<hangup/>',
  '%00%ff',
  'null',
  '1e999',
  '+1202555010０',
  'http://[::1]:99999/',
  '-0',
]

export const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  Number.MAX_SAFE_INTEGER + 2,
  '',
  'x',
  [],
  [[]],
  {},
  { a: { b: { c: {} } } },
  ['__proto__'],
  JSON.parse('{"__proto__":{"polluted":true}}'),
  { constructor: { prototype: {} } },
]

export interface Values {
  of(schema: Schema, manner: Manner): unknown
  /** A number the sandbox's phones have, a URL that may be called, an id that exists: what a schema cannot say. Undefined: nothing is known. */
  known(name: string): unknown
}

/** How deep optional parts are filled in. */
const DEPTH_MAX = 6

export function createValues(api: Api, random: Random, known: (name: string) => unknown): Values {
  function make(schema: Schema, manner: Manner, name: string, depth: number): unknown {
    const own = manner === 'valid' ? known(name) : undefined
    if (own !== undefined && random.below(4) > 0) return own
    const { example, allOf, enum: options, ...rest } = api.resolve(schema)
    if (rest.const !== undefined) return rest.const
    if (options) return random.pick(options)
    const choices = rest.anyOf ?? rest.oneOf
    if (choices) return make(random.pick(choices), manner, name, depth)
    if (allOf) return Object.assign({}, ...allOf.map((part) => make(part, manner, name, depth)))
    if (example !== undefined && manner === 'valid' && random.below(2) === 0) return example
    const type = Array.isArray(rest.type) ? random.pick(rest.type) : rest.type
    switch (type) {
      case 'object':
        return makeObject(rest, manner, depth)
      case 'array':
        return makeArray(rest, manner, name, depth)
      case 'integer':
      case 'number':
        return makeNumber(rest, manner, type)
      case 'boolean':
        return random.below(2) === 0
      case 'null':
        return null
      case 'string':
        return makeText(rest, manner, example)
      default:
        return random.pick(ODD_VALUES)
    }
  }

  function makeObject(schema: Schema, manner: Manner, depth: number): Record<string, unknown> {
    const made: Record<string, unknown> = {}
    const required = new Set(schema.required ?? [])
    for (const [name, part] of Object.entries(schema.properties ?? {})) {
      const isWanted = required.has(name) || (depth < DEPTH_MAX && random.below(3) === 0)
      if (isWanted) made[name] = make(part, manner, name, depth + 1)
    }
    const extra = schema.additionalProperties
    if (typeof extra === 'object')
      for (let left = random.below(3); left > 0; left--)
        made[`key_${random.below(5)}`] = make(extra, manner, '', depth + 1)
    return made
  }

  function makeArray(schema: Schema, manner: Manner, name: string, depth: number): unknown[] {
    const least = schema.minItems ?? 0
    const most = Math.min(schema.maxItems ?? least + 3, 60)
    const count =
      manner === 'boundary' ? random.pick([least, most]) : least + random.below(Math.min(3, most - least + 1))
    return Array.from({ length: count }, () => make(schema.items ?? {}, manner, name, depth + 1))
  }

  function makeNumber(schema: Schema, manner: Manner, type: 'integer' | 'number'): number {
    const least = schema.minimum ?? schema.exclusiveMinimum ?? 0
    const most = schema.maximum ?? least + 1000
    if (manner === 'boundary') return random.pick([least, most, least - 1, most + 1, least + 0.5])
    const value = least + random.next() * (most - least)
    return type === 'integer' ? Math.ceil(value) : value
  }

  function makeText(schema: Schema, manner: Manner, example: unknown): string {
    if (schema.format === 'date-time')
      return random.pick([
        '2026-01-01T00:00:00Z',
        '2026-02-30T00:00:00Z',
        '0001-01-01T00:00:00.000Z',
        '9999-12-31T23:59:59Z',
      ])
    const least = schema.minLength ?? 0
    const most = Math.min(schema.maxLength ?? 200, 20_000)
    if (manner === 'boundary') return 'é'.repeat(random.pick([least, most, most + 1, Math.max(0, least - 1)]))
    if (typeof example === 'string' && random.below(2) === 0) return example
    return 'word '.repeat(Math.ceil((least + 1) / 5)).slice(0, most)
  }

  return { of: (schema, manner) => make(schema, manner, '', 0), known }
}
