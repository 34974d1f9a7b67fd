import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readArray, writeArray } from './array-types.ts'

it('reads what it has written, whatever the text', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('NULL', '', '{', '}', '"', '\\', ',', '\n'),
  )
  fc.assert(
    fc.property(fc.array(fc.option(text)), (values) => {
      expect(readArray(writeArray(values), (item) => item)).toEqual(values)
    }),
  )
})

it('reads items as the server writes them', () => {
  expect(readArray('{}', String)).toEqual([])
  expect(readArray('{a,NULL,"NULL","b,c","d\\"e"}', String)).toEqual(['a', null, 'NULL', 'b,c', 'd"e'])
  expect(readArray('{1,-2}', Number)).toEqual([1, -2])
})
