/**
 * Whether a tool's arguments fit its JSON Schema. Checked is a documented subset, at any depth: `type` (also a list of types), `enum`, `const`, `required`,
 * `properties`, `additionalProperties: false`, `items`, `minimum`, `maximum`, `minLength`, `maxLength`, `minItems`, `maxItems`. Other keywords are for the
 * model to read; the tool checks them itself.
 */

type Schema = Readonly<Record<string, unknown>>

/** Deeper than any argument a voice fills in; also ends schemas and values made to be endless. */
const DEPTH_MAX = 20

/** Null when they fit, else one sentence that names the place, for the model to correct itself by. */
export function checkArguments(schema: Schema, value: unknown): string | null {
  return check(schema, value, 'arguments', 0)
}

function check(schema: Schema, value: unknown, place: string, depth: number): string | null {
  if (depth > DEPTH_MAX) return `${place} is nested too deeply.`
  const types =
    typeof schema.type === 'string' ? [schema.type] : Array.isArray(schema.type) ? schema.type : []
  if (types.length > 0 && !types.some((type) => isOfType(value, type)))
    return `${place} must be of type ${types.join(' or ')}.`
  if (Array.isArray(schema.enum) && !schema.enum.some((allowed) => isSame(allowed, value)))
    return `${place} must be one of ${JSON.stringify(schema.enum)}.`
  if (schema.const !== undefined && !isSame(schema.const, value))
    return `${place} must be ${JSON.stringify(schema.const)}.`
  if (typeof value === 'number') return checkRange(schema, value, place, 'minimum', 'maximum', '')
  if (typeof value === 'string')
    return checkRange(schema, value.length, place, 'minLength', 'maxLength', ' characters')
  if (Array.isArray(value)) return checkList(schema, value, place, depth)
  return isPlain(value) ? checkObject(schema, value, place, depth) : null
}

function checkObject(schema: Schema, value: Schema, place: string, depth: number): string | null {
  const properties = isPlain(schema.properties) ? schema.properties : {}
  for (const name of Array.isArray(schema.required) ? schema.required : []) {
    if (typeof name === 'string' && !Object.hasOwn(value, name)) return `${place}.${name} is missing.`
  }
  for (const [name, item] of Object.entries(value)) {
    const own = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (own === undefined && schema.additionalProperties === false) return `${place}.${name} is not known.`
    const problem = isPlain(own) ? check(own, item, `${place}.${name}`, depth + 1) : null
    if (problem !== null) return problem
  }
  return null
}

function checkList(schema: Schema, value: readonly unknown[], place: string, depth: number): string | null {
  const problem = checkRange(schema, value.length, place, 'minItems', 'maxItems', ' items')
  if (problem !== null || !isPlain(schema.items)) return problem
  for (const [index, item] of value.entries()) {
    const found = check(schema.items, item, `${place}[${index}]`, depth + 1)
    if (found !== null) return found
  }
  return null
}

function checkRange(
  schema: Schema,
  size: number,
  place: string,
  least: string,
  most: string,
  unit: string,
): string | null {
  const low = schema[least]
  const high = schema[most]
  if (typeof low === 'number' && size < low) return `${place} must be at least ${low}${unit}.`
  if (typeof high === 'number' && size > high) return `${place} must be at most ${high}${unit}.`
  return null
}

function isOfType(value: unknown, type: unknown): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isPlain(value)
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'number') return typeof value === 'number'
  return typeof value === type
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function isPlain(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
