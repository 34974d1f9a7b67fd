import { expect, test } from 'vitest'
import { type Param, signRequest, toSignedStreamUrl, withoutFragment } from './signature.ts'

// Vectors computed with the vendor's own SDK 6.2.
const TOKEN = '0123456789abcdef0123456789abcdef'
const PARAMS: Param[] = [
  ['CallSid', 'CA00000000000000000000000000000001'],
  ['From', '+15550100001'],
  ['To', '+15550100002'],
  ['CallStatus', 'ringing'],
  ['Direction', 'inbound'],
]

test('signs a form post like the vendor', () => {
  expect(signRequest(TOKEN, 'https://voice.example.test/hooks/in?tenant=7', PARAMS)).toBe(
    'q1ghHmcM2z5xVo3rxLoCuV6ql80=',
  )
  expect(signRequest(TOKEN, 'http://127.0.0.1:8080/hooks/in', PARAMS)).toBe('1J9gujZdUFPDYLE8BuSJb3PGgS0=')
})

test('signs a request whose body is covered by a hash in the URL', () => {
  const url =
    'https://voice.example.test/json?bodySHA256=27ebfe91a318dc07829eec267640f3751e9a3cdc12079c47803ad76b3404b82e'
  expect(signRequest(TOKEN, url)).toBe('9RZry5oMeatAM9AM7ENt9RJRCKU=')
})

test('signs a media stream handshake over the wss form of its URL', () => {
  expect(signRequest(TOKEN, toSignedStreamUrl('wss://voice.example.test/media'))).toBe(
    'Q+82Zh+6h3XUYGulJvqj0Cl5hC4=',
  )
  expect(signRequest(TOKEN, toSignedStreamUrl('ws://voice.example.test/media?x=1#y'))).toBe(
    'Q+82Zh+6h3XUYGulJvqj0Cl5hC4=',
  )
})

test('sorts parameters by name and counts a repeated value once', () => {
  const sorted = signRequest(TOKEN, 'https://a.test/', [
    ['A', '1'],
    ['A', '2'],
    ['b', ''],
  ])
  expect(
    signRequest(TOKEN, 'https://a.test/', [
      ['b', ''],
      ['A', '2'],
      ['A', '1'],
      ['A', '2'],
    ]),
  ).toBe(sorted)
  expect(
    signRequest(TOKEN, 'https://a.test/', [
      ['A', '1'],
      ['A', '2'],
      ['b', 'x'],
    ]),
  ).not.toBe(sorted)
})

test('leaves a fragment out', () => {
  expect(withoutFragment('https://a.test/x?y=1#rc=2')).toBe('https://a.test/x?y=1')
})
