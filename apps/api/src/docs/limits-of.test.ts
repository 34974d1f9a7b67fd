import { expect, test } from 'vitest'
import { type Limited, limitsOf } from './limits-of.ts'

test.each<[string, Limited]>([
  ['', { type: 'string' }],
  ['1 to 100. Default 20.', { type: 'integer', minimum: 1, maximum: 100, default: 20 }],
  ['At most 50,000 characters.', { type: 'string', minLength: 1, maxLength: 50_000 }],
  ['At least 0.', { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }],
  ['More than 0, at most 1,000.', { type: 'number', exclusiveMinimum: 0, maximum: 1000 }],
  ['At most 20 items.', { type: 'array', maxItems: 20, default: [] }],
  [
    'At most 5 characters. Default null.',
    { anyOf: [{ type: 'string', maxLength: 5 }, { type: 'null' }], default: null },
  ],
])('says "%s"', (sentence, schema) => {
  expect(limitsOf(schema)).toBe(sentence)
})
