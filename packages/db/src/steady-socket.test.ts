import { expect, it } from 'vitest'
import { startupOnly } from './steady-socket.ts'

const startup = Buffer.from('\0\0\0\x11\0\x03\0\0user\0abc\0', 'latin1')

it('leaves a startup message alone', () => {
  expect(startupOnly(startup).toString('latin1')).toBe(startup.toString('latin1'))
})

it('cuts off a statement that was not sent before', () => {
  const query = Buffer.from('Q\0\0\0\x0dselect 1\0', 'latin1')
  expect(startupOnly(Buffer.concat([query, startup]))).toEqual(startup)
})

it('leaves other first messages alone, such as the request for TLS', () => {
  const request = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
  expect(startupOnly(request)).toEqual(request)
})
