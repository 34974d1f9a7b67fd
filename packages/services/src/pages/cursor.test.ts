import { InvalidInput } from '@phonevoice/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeCursor, encodeCursor } from './cursor.ts'

const id = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'))

test('a position comes back from its cursor', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date(0), max: new Date(8.64e12), noInvalidDate: true }),
      id,
      (createdAt, text) => {
        expect(decodeCursor(encodeCursor({ createdAt, id: text }))).toEqual({ createdAt, id: text })
      },
    ),
  )
})

test('whatever else comes is refused as a cursor, or is a position that the database can be asked about', () => {
  const forged = fc.json().map((text) => Buffer.from(text).toString('base64url'))
  const pair = fc
    .tuple(fc.anything(), fc.anything())
    .map((value) => Buffer.from(JSON.stringify(value) ?? '').toString('base64url'))
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.base64String(), forged, pair), (cursor) => {
      try {
        const { createdAt, id: text } = decodeCursor(cursor)
        expect(Math.abs(createdAt.getTime())).toBeLessThanOrEqual(8.64e12)
        expect(text).not.toContain('\0')
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidInput)
      }
    }),
    { numRuns: 2000 },
  )
})
