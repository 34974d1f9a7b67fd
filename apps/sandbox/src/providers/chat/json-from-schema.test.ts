import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { jsonFromSchema } from './json-from-schema.ts'

const findings = {
  summary: 'A call.',
  sentiment: 'neutral',
  intent: 'none',
  transcript: 'hello world',
} as const

type Schema = Record<string, unknown>

const leaf: fc.Arbitrary<Schema> = fc.oneof(
  fc
    .record({ minLength: fc.nat(5), more: fc.nat(9) })
    .map(({ minLength, more }) => ({ type: 'string', minLength, maxLength: minLength + more })),
  fc
    .record({ low: fc.integer({ min: -50, max: 50 }), span: fc.nat(40) })
    .map(({ low, span }) => ({ type: 'integer', minimum: low, maximum: low + span })),
  fc
    .record({ low: fc.integer({ min: -50, max: 50 }), span: fc.integer({ min: 1, max: 40 }) })
    .map(({ low, span }) => ({
      type: 'number',
      exclusiveMinimum: low,
      exclusiveMaximum: low + span,
    })),
  fc.constantFrom<Schema>(
    { type: 'boolean' },
    { type: 'null' },
    { type: 'integer', multipleOf: 5, minimum: 12 },
    { enum: ['a', 'b', 3] },
    { const: 7 },
    { type: ['string', 'null'] },
  ),
)

const { schema } = fc.letrec<{ schema: Schema; object: Schema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4 },
    leaf,
    tie('object'),
    fc
      .record({ items: tie('schema'), minItems: fc.nat(3) })
      .map(({ items, minItems }) => ({ type: 'array', items, minItems })),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
  ),
  object: fc
    .dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), tie('schema'), { maxKeys: 4 })
    .chain((properties) =>
      fc
        .subarray(Object.keys(properties))
        .map((required) => ({ type: 'object', properties, required, additionalProperties: false })),
    ),
}))

describe('JSON made up from a schema', () => {
  it('satisfies it, whatever it asks for', () => {
    fc.assert(
      fc.property(schema, (given) => {
        const value: unknown = JSON.parse(JSON.stringify(jsonFromSchema(given, findings)))
        const result = z.fromJSONSchema(given).safeParse(value)
        expect(result.error?.issues ?? []).toEqual([])
      }),
      { numRuns: 200 },
    )
  })

  it('follows references and ends recursive schemas', () => {
    const given = {
      type: 'object',
      properties: { node: { $ref: '#/$defs/node' } },
      required: ['node'],
      $defs: {
        node: {
          type: 'object',
          properties: {
            name: { type: 'string' },
            next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] },
          },
          required: ['name', 'next'],
        },
      },
    }
    const value = jsonFromSchema(given, findings) as { node: { name: string } }
    expect(value.node.name).toBe('name')
    expect(JSON.stringify(value)).toContain('"next":null')
  })

  it('combines allOf and keeps items unique', () => {
    const given = {
      allOf: [
        { type: 'object', properties: { a: { const: 1 } }, required: ['a'] },
        {
          properties: { list: { type: 'array', items: { type: 'integer' }, minItems: 3, uniqueItems: true } },
          required: ['list'],
        },
      ],
    }
    expect(jsonFromSchema(given, findings)).toEqual({ a: 1, list: [0, 1, 2] })
  })
})
