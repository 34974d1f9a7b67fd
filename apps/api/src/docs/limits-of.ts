/** What a JSON Schema says about how large, how long or how many. */
export interface Limited {
  type?: string | string[]
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  maxProperties?: number
  default?: unknown
  enum?: unknown[]
  anyOf?: Limited[]
}

/** A sentence such as "1 to 100. Default 20."; empty when there is nothing to say. */
export function limitsOf(schema: Limited): string {
  const limited = schema.anyOf?.find((part) => part.type !== 'null') ?? schema
  const { exclusiveMinimum, minItems, maxItems, maxLength, minLength } = limited
  // JavaScript's largest whole numbers stand for no limit at all.
  const isReal = (limit: number | undefined) =>
    limit !== undefined && Math.abs(limit) < Number.MAX_SAFE_INTEGER
  const minimum = isReal(limited.minimum) ? limited.minimum : undefined
  const maximum = isReal(limited.maximum) ? limited.maximum : undefined
  const sentences = [
    exclusiveMinimum === undefined ? range(minimum, maximum, '') : aboveZero(exclusiveMinimum, maximum),
    limited.enum ? '' : range((minLength ?? 0) > 1 ? minLength : undefined, maxLength, ' characters'),
    range(minItems || undefined, maxItems, ' items'),
    range(undefined, limited.maxProperties, ' fields'),
    isWorthShowing(schema.default) ? `Default ${JSON.stringify(schema.default)}` : '',
  ]
  return sentences
    .filter((sentence) => sentence !== '')
    .map((sentence) => `${sentence}.`)
    .join(' ')
}

function range(least: number | undefined, most: number | undefined, unit: string): string {
  if (least !== undefined && most !== undefined) return `${shown(least)} to ${shown(most)}${unit}`
  if (most !== undefined) return `At most ${shown(most)}${unit}`
  return least === undefined ? '' : `At least ${shown(least)}${unit}`
}

function aboveZero(least: number, most: number | undefined): string {
  return most === undefined
    ? `More than ${shown(least)}`
    : `More than ${shown(least)}, at most ${shown(most)}`
}

function shown(count: number): string {
  return count.toLocaleString('en-US')
}

function isWorthShowing(value: unknown): boolean {
  return value !== undefined && (typeof value !== 'object' || value === null)
}
