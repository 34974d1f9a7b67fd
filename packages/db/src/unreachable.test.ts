import { expect, test } from 'vitest'
import { isDatabaseUnreachable } from './unreachable.ts'

const failure = (code: string, cause?: Error): Error =>
  Object.assign(new Error('it failed', { cause }), { code })

test.each(['CONNECTION_CLOSED', 'ECONNREFUSED', '57P01', '57P03', '53300', '08006'])(
  '%s: nobody was there',
  (code) => {
    expect(isDatabaseUnreachable(failure(code))).toBe(true)
    expect(isDatabaseUnreachable(new Error('the query failed', { cause: failure(code) }))).toBe(true)
  },
)

test.each(['23505', '57014', '42P01', 'invalid_request'])('%s: the database was asked', (code) => {
  expect(isDatabaseUnreachable(failure(code))).toBe(false)
})

test('what is no error with a code is something else', () => {
  expect(isDatabaseUnreachable(new Error('ECONNREFUSED'))).toBe(false)
  expect(isDatabaseUnreachable('57P01')).toBe(false)
})
