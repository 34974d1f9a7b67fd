import fc from 'fast-check'
import twilio from 'twilio'
import { describe, expect, test } from 'vitest'
import { signTwilioUrl, verifyTwilioForm, verifyTwilioHandshake, verifyTwilioJson } from './signature.ts'

const authToken = '0123456789abcdef0123456789abcdef'
const form = new URLSearchParams({
  CallSid: 'CA00000000000000000000000000000001',
  From: '+15550100001',
  To: '+15550100002',
  CallStatus: 'ringing',
  Direction: 'inbound',
})

describe('form posts', () => {
  const url = 'https://voice.example.test/hooks/in?tenant=7'
  const signature = 'q1ghHmcM2z5xVo3rxLoCuV6ql80='

  test('the vector over a public https URL verifies', () => {
    expect(verifyTwilioForm({ authToken, signature, url, form })).toBe(true)
  })

  test('the vector over a loopback URL with a port verifies', () => {
    const loopback = 'http://127.0.0.1:8080/hooks/in'
    expect(
      verifyTwilioForm({ authToken, signature: '1J9gujZdUFPDYLE8BuSJb3PGgS0=', url: loopback, form }),
    ).toBe(true)
  })

  test('any other field, value, URL, token or signature is refused', () => {
    const changed = new URLSearchParams(form)
    changed.set('To', '+15550100003')
    const surplus = new URLSearchParams(form)
    surplus.append('Empty', '')
    surplus.append('More', 'x')
    expect(verifyTwilioForm({ authToken, signature, url, form: changed })).toBe(false)
    expect(verifyTwilioForm({ authToken, signature, url, form: surplus })).toBe(false)
    expect(verifyTwilioForm({ authToken, signature, url: `${url}1`, form })).toBe(false)
    expect(verifyTwilioForm({ authToken: `${authToken}0`, signature, url, form })).toBe(false)
    expect(verifyTwilioForm({ authToken, signature: signature.replace('q', 'r'), url, form })).toBe(false)
  })

  test('a missing or empty signature is refused', () => {
    for (const none of [undefined, null, '', '='])
      expect(verifyTwilioForm({ authToken, signature: none, url, form })).toBe(false)
  })

  test.each([
    ['https://h.test:8443/x', 'https://h.test/x'],
    ['https://h.test:8443/x', 'https://h.test:8443/x'],
    ['https://h.test/x', 'https://h.test:443/x'],
    ['http://h.test/x', 'http://h.test:80/x'],
    ['http://[::1]:8080/x?a=1', 'http://[::1]/x?a=1'],
    ['https://user:pass@h.test:8443/x', 'https://user:pass@h.test/x'],
    ['https://h.test/x#rc=2', 'https://h.test/x'],
    ['https://H.test', 'https://h.test/'],
  ])('%s verifies when %s was signed', (url, signed) => {
    const signature = signTwilioUrl(authToken, signed, form)
    expect(verifyTwilioForm({ authToken, signature, url, form })).toBe(true)
  })

  test("another host's or another port's signature is refused", () => {
    for (const signed of ['https://h.test.evil/x', 'https://h.test:8444/x', 'http://h.test/x']) {
      const signature = signTwilioUrl(authToken, signed, form)
      expect(verifyTwilioForm({ authToken, signature, url: 'https://h.test:8443/x', form })).toBe(false)
    }
  })

  test("agrees with the vendor's own library for any fields", () => {
    const names = fc.string({ minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(fc.dictionary(names, fc.string({ maxLength: 20 }), { noNullPrototype: true }), (fields) => {
        const pairs = Object.entries(fields)
        const signature = twilio.getExpectedTwilioSignature(authToken, url, fields)
        expect(signTwilioUrl(authToken, url, pairs)).toBe(signature)
      }),
    )
  })
})

describe('JSON posts and handshakes', () => {
  const rawBody = '{"event":"x","n":1}'
  const url =
    'https://voice.example.test/json?bodySHA256=27ebfe91a318dc07829eec267640f3751e9a3cdc12079c47803ad76b3404b82e'

  test('the JSON vector verifies with its raw body only', () => {
    const signature = '9RZry5oMeatAM9AM7ENt9RJRCKU='
    expect(verifyTwilioJson({ authToken, signature, url, rawBody })).toBe(true)
    expect(verifyTwilioJson({ authToken, signature, url, rawBody: `${rawBody} ` })).toBe(false)
  })

  test('a JSON post without a body hash is refused', () => {
    const bare = 'https://voice.example.test/json'
    const signature = signTwilioUrl(authToken, bare)
    expect(verifyTwilioJson({ authToken, signature, url: bare, rawBody })).toBe(false)
  })

  test('the handshake vector verifies', () => {
    const signature = 'Q+82Zh+6h3XUYGulJvqj0Cl5hC4='
    expect(verifyTwilioHandshake({ authToken, signature, url: 'wss://voice.example.test/media' })).toBe(true)
    expect(verifyTwilioHandshake({ authToken, signature, url: 'ws://voice.example.test/media' })).toBe(false)
  })
})
