import type { Findings } from './analyse.ts'
import { containsPhrase } from './instructions.ts'

type Schema = Record<string, unknown>

/** Nesting beyond this fills only what is required. */
const DEPTH_FOR_OPTIONAL = 4
/** A schema that demands more nesting than this cannot be satisfied by anything finite, or should not be. */
const DEPTH_MAX = 40

/**
 * A value that satisfies a JSON Schema, always the same for the same input. Fields called after what the analysis knows (summary,
 * sentiment, intent) get it; a boolean is true when a word of its name was said; an enum takes a value that was said, else its first.
 * Understands types (also lists of them), properties, required, items, prefixItems, enum, const, default, anyOf, oneOf, allOf, `$ref`
 * into the same document, lengths, ranges, multipleOf, and the formats date, time, date-time, email, uri, uuid. Patterns are not honoured.
 */
export function jsonFromSchema(root: Schema, findings: Findings): unknown {
  return fill(root, { root, findings, name: '', depth: 0 })
}

interface Place {
  root: Schema
  findings: Findings
  /** Name of the property being filled. */
  name: string
  depth: number
}

function fill(schema: Schema, place: Place): unknown {
  if (place.depth > DEPTH_MAX) return null
  const resolved = resolve(schema, place)
  if ('const' in resolved) return resolved.const
  if (Array.isArray(resolved.enum)) return chooseFrom(resolved.enum, place)
  const choice = firstChoice(resolved, place)
  if (choice) return fill(choice, { ...place, depth: place.depth + 1 })
  switch (typeOf(resolved)) {
    case 'object':
      return fillObject(resolved, place)
    case 'array':
      return fillArray(resolved, place)
    case 'boolean':
      return place.name
        .split(/[_\s-]+/)
        .some((word) => word.length > 3 && containsPhrase(place.findings.transcript, word))
    case 'integer':
      return fillNumber(resolved, true)
    case 'number':
      return fillNumber(resolved, false)
    case 'null':
      return null
    default:
      return fillString(resolved, place)
  }
}

function resolve(schema: Schema, place: Place): Schema {
  let resolved = schema
  for (let step = 0; typeof resolved.$ref === 'string' && step < DEPTH_MAX; step++) {
    const { $ref, ...beside } = resolved
    resolved = { ...lookUp($ref as string, place.root), ...beside }
  }
  if (!Array.isArray(resolved.allOf)) return resolved
  const { allOf, ...rest } = resolved
  return (allOf as Schema[]).map((part) => resolve(part, place)).reduce(merge, rest)
}

function merge(a: Schema, b: Schema): Schema {
  return {
    ...a,
    ...b,
    properties: { ...(a.properties as Schema | undefined), ...(b.properties as Schema | undefined) },
    required: [
      ...((a.required as string[] | undefined) ?? []),
      ...((b.required as string[] | undefined) ?? []),
    ],
  }
}

function lookUp(reference: string, root: Schema): Schema {
  let node: unknown = root
  for (const part of reference.replace(/^#\/?/, '').split('/').filter(Boolean)) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    node = (node as Schema | undefined)?.[key]
  }
  return (node as Schema | undefined) ?? {}
}

/** The first alternative; deep down one that is null, so that recursive schemas end. */
function firstChoice(schema: Schema, place: Place): Schema | null {
  const choices = (schema.anyOf ?? schema.oneOf) as Schema[] | undefined
  if (!Array.isArray(choices) || choices.length === 0) return null
  const isDeep = place.depth >= DEPTH_FOR_OPTIONAL
  const chosen = (isDeep && choices.find((choice) => resolve(choice, place).type === 'null')) || choices[0]
  const { anyOf: _anyOf, oneOf: _oneOf, ...beside } = schema
  return { ...beside, ...chosen }
}

function typeOf(schema: Schema): string {
  if (Array.isArray(schema.type)) return String(schema.type.find((type) => type !== 'null') ?? 'null')
  if (typeof schema.type === 'string') return schema.type
  if (schema.properties) return 'object'
  return schema.items ? 'array' : 'string'
}

function fillObject(schema: Schema, place: Place): Record<string, unknown> {
  const properties = (schema.properties ?? {}) as Record<string, Schema>
  const required = new Set((schema.required as string[] | undefined) ?? [])
  const isDeep = place.depth >= DEPTH_FOR_OPTIONAL
  const entries: [string, unknown][] = []
  for (const [name, property] of Object.entries(properties)) {
    if (isDeep && !required.has(name)) continue
    entries.push([name, fill(property, { ...place, name, depth: place.depth + 1 })])
  }
  for (const name of required) {
    if (!(name in properties))
      entries.push([name, fill(additional(schema), { ...place, name, depth: place.depth + 1 })])
  }
  return Object.fromEntries(entries)
}

function additional(schema: Schema): Schema {
  return typeof schema.additionalProperties === 'object' ? (schema.additionalProperties as Schema) : {}
}

function fillArray(schema: Schema, place: Place): unknown[] {
  const prefix = (schema.prefixItems as Schema[] | undefined) ?? []
  const items = typeof schema.items === 'object' ? (schema.items as Schema) : {}
  const usual = place.depth >= DEPTH_FOR_OPTIONAL ? 0 : 1
  const length = Math.max(
    prefix.length,
    Math.min(Math.max(usual, numberOr(schema.minItems, 0)), numberOr(schema.maxItems, 1000)),
  )
  return Array.from({ length }, (_, index) => {
    const value = fill(prefix[index] ?? items, { ...place, depth: place.depth + 1 })
    return schema.uniqueItems === true && index > 0 ? vary(value, index, items, place) : value
  })
}

/** Another value of the same kind. */
function vary(value: unknown, index: number, items: Schema, place: Place): unknown {
  const { enum: choices, multipleOf } = resolve(items, place)
  if (Array.isArray(choices)) return choices[index % choices.length]
  if (typeof value === 'number') return value + index * numberOr(multipleOf, 1)
  return typeof value === 'string' ? `${value}${index + 1}` : value
}

/** The number nearest to 0 within the bounds. */
function fillNumber(schema: Schema, isInteger: boolean): number {
  const step = numberOr(schema.multipleOf, isInteger ? 1 : 0)
  const margin = step || 0.001
  const low = Math.max(
    numberOr(schema.minimum, Number.NEGATIVE_INFINITY),
    numberOr(schema.exclusiveMinimum, Number.NEGATIVE_INFINITY) + margin,
  )
  const high = Math.min(
    numberOr(schema.maximum, Number.POSITIVE_INFINITY),
    numberOr(schema.exclusiveMaximum, Number.POSITIVE_INFINITY) - margin,
  )
  const value = Math.min(high, Math.max(low, 0))
  if (step === 0 || value === 0) return value
  return value > 0 ? Math.ceil(value / step) * step : Math.floor(value / step) * step
}

const FORMATS: Record<string, string> = {
  date: '2026-01-15',
  time: '10:00:00Z',
  'date-time': '2026-01-15T10:00:00Z',
  email: 'caller@example.com',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
}

function fillString(schema: Schema, { name, findings }: Place): string {
  const known = typeof schema.format === 'string' ? FORMATS[schema.format] : undefined
  const text = known ?? (typeof schema.default === 'string' ? schema.default : fromFindings(name, findings))
  return text.slice(0, numberOr(schema.maxLength, text.length)).padEnd(numberOr(schema.minLength, 0), '.')
}

function fromFindings(name: string, findings: Findings): string {
  const key = name.toLowerCase()
  if (key.includes('sentiment') || key.includes('mood')) return findings.sentiment
  if (key.includes('intent') || key.includes('reason')) return findings.intent
  if (key.includes('summary') || key === '') return findings.summary
  return name.replaceAll(/[_-]+/g, ' ')
}

function chooseFrom(choices: readonly unknown[], { name, findings }: Place): unknown {
  const wished = fromFindings(name, findings).toLowerCase()
  return (
    choices.find((choice) => typeof choice === 'string' && choice.toLowerCase() === wished) ??
    choices.find(
      (choice) =>
        typeof choice === 'string' && containsPhrase(findings.transcript, choice.replaceAll('_', ' ')),
    ) ??
    choices[0]
  )
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise
}
