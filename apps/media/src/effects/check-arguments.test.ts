import { describe, expect, test } from 'vitest'
import { checkArguments } from './check-arguments.ts'

const schema = {
  type: 'object',
  properties: {
    size: { enum: ['small', 'large'] },
    count: { type: 'integer', minimum: 1, maximum: 9 },
    note: { type: ['string', 'null'], maxLength: 5 },
    toppings: { type: 'array', maxItems: 2, items: { type: 'string' } },
    address: { type: 'object', required: ['street'], properties: { street: { type: 'string' } } },
  },
  required: ['size'],
  additionalProperties: false,
}

describe('arguments of a tool', () => {
  test.each([
    [{ size: 'small' }],
    [{ size: 'large', count: 2, note: null, toppings: ['ham'], address: { street: 'High Street', no: 3 } }],
  ])('fit: %j', (value) => expect(checkArguments(schema, value)).toBeNull())

  test.each([
    [{}, 'arguments.size is missing.'],
    [{ size: 'huge' }, 'arguments.size must be one of ["small","large"].'],
    [{ size: 'small', count: 0 }, 'arguments.count must be at least 1.'],
    [{ size: 'small', count: 1.5 }, 'arguments.count must be of type integer.'],
    [{ size: 'small', note: 'too long' }, 'arguments.note must be at most 5 characters.'],
    [{ size: 'small', toppings: ['a', 'b', 'c'] }, 'arguments.toppings must be at most 2 items.'],
    [{ size: 'small', toppings: [3] }, 'arguments.toppings[0] must be of type string.'],
    [{ size: 'small', address: {} }, 'arguments.address.street is missing.'],
    [{ size: 'small', color: 'red' }, 'arguments.color is not known.'],
    [[], 'arguments must be of type object.'],
    ['text', 'arguments must be of type object.'],
  ])('%j: %s', (value, problem) => expect(checkArguments(schema, value)).toBe(problem))

  test('names of the prototype are no arguments', () => {
    expect(checkArguments({ type: 'object', required: ['toString'] }, {})).toBe(
      'arguments.toString is missing.',
    )
    expect(
      checkArguments({ type: 'object', additionalProperties: false }, JSON.parse('{"__proto__":1}')),
    ).toBe('arguments.__proto__ is not known.')
  })
})
