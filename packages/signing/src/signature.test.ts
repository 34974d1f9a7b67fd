import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createWebhookSecret,
  signWebhook,
  standardWebhookHeaders,
  verifyStandardWebhook,
  verifyWebhook,
} from './signature.ts'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const nowSeconds = 1_709_218_291
const seconds = fc.integer({ min: 0, max: 4_000_000_000 })
const anyBody = fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array())

describe('PhoneVoice-Signature', () => {
  // Computed with: printf '1709218291.{"a":1}' | openssl dgst -sha256 -hmac "$secret"
  it('is what openssl computes with the whole secret as the key', () => {
    expect(signWebhook({ secret, body: '{"a":1}', timestampSeconds: nowSeconds })).toBe(
      't=1709218291,v1=c7e5c347f1bcfd8fa2d439cd90a49197495056fc5f129377c922d1c111cbfabc',
    )
  })

  it('verifies what it signed, for any body, text and bytes alike', () => {
    fc.assert(
      fc.property(anyBody, seconds, (body, timestampSeconds) => {
        const header = signWebhook({ secret, body, timestampSeconds })
        const bytes = typeof body === 'string' ? Buffer.from(body) : body
        expect(verifyWebhook({ secret, body: bytes, header, nowSeconds: timestampSeconds })).toEqual({
          ok: true,
          timestampSeconds,
        })
      }),
    )
  })

  it('keeps two parts in fixed order, for receivers that split on "," and "=" and take the first and the last', () => {
    fc.assert(
      fc.property(anyBody, seconds, (body, timestampSeconds) => {
        const parts = signWebhook({ secret, body, timestampSeconds }).split(',')
        expect(parts).toHaveLength(2)
        expect(parts[0]?.split('=')).toEqual(['t', String(timestampSeconds)])
        expect(parts[1]?.split('=')).toEqual(['v1', expect.stringMatching(/^[0-9a-f]{64}$/)])
      }),
    )
  })

  it('refuses a changed body, another secret and a changed time', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 1 }), (body, extra) => {
        const header = signWebhook({ secret, body, timestampSeconds: nowSeconds })
        const mismatch = { ok: false, reason: 'signature-mismatch' }
        expect(verifyWebhook({ secret, body: body + extra, header, nowSeconds })).toEqual(mismatch)
        expect(verifyWebhook({ secret: createWebhookSecret(), body, header, nowSeconds })).toEqual(mismatch)
        const later = header.replace(String(nowSeconds), String(nowSeconds + 1))
        expect(verifyWebhook({ secret, body, header: later, nowSeconds })).toEqual(mismatch)
      }),
    )
  })

  it('refuses a signature with any single digit changed', () => {
    const header = signWebhook({ secret, body: 'x', timestampSeconds: nowSeconds })
    for (let at = header.indexOf('v1=') + 3; at < header.length; at++) {
      const digit = header[at] === '0' ? '1' : '0'
      const changed = header.slice(0, at) + digit + header.slice(at + 1)
      expect(verifyWebhook({ secret, body: 'x', header: changed, nowSeconds }).ok).toBe(false)
    }
  })

  it('accepts 300 seconds either way and not one more', () => {
    const header = signWebhook({ secret, body: '', timestampSeconds: nowSeconds })
    const at = (offset: number) =>
      verifyWebhook({ secret, body: '', header, nowSeconds: nowSeconds + offset })
    expect([at(-300).ok, at(300).ok]).toEqual([true, true])
    for (const offset of [-301, 301]) {
      expect(at(offset)).toEqual({ ok: false, reason: 'timestamp-out-of-tolerance' })
    }
  })

  it('tells a missing header from a malformed one', () => {
    const reasonOf = (header: string | string[] | null | undefined) =>
      verifyWebhook({ secret, body: '', header, nowSeconds })
    for (const header of [undefined, null, '', ['t=1,v1=2']]) {
      expect(reasonOf(header)).toEqual({ ok: false, reason: 'header-missing' })
    }
    for (const header of [
      't=1',
      `t=,v1=${'0'.repeat(64)}`,
      `v1=${'0'.repeat(64)},t=1`,
      `t=1e3,v1=${'0'.repeat(64)}`,
    ]) {
      expect(reasonOf(header), header).toEqual({ ok: false, reason: 'header-malformed' })
    }
  })

  it('never throws and never accepts, whatever the header', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.stringMatching(/^t=\d{0,20},v1=[0-9a-f]{60,70}$/),
      fc.anything() as fc.Arbitrary<string>,
    )
    fc.assert(
      fc.property(hostile, anyBody, (header, body) => {
        expect(verifyWebhook({ secret, body, header, nowSeconds }).ok).toBe(false)
      }),
    )
  })
})

describe('Standard Webhooks headers', () => {
  // The example published with the specification's libraries.
  it('agree with the published example', () => {
    const headers = standardWebhookHeaders({
      secret,
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestampSeconds: 1_614_265_330,
      body: '{"test": 2432232314}',
    })
    expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  })

  it('verify what was signed, for any body', () => {
    fc.assert(
      fc.property(anyBody, seconds, fc.uuid(), (body, timestampSeconds, id) => {
        const headers = standardWebhookHeaders({ secret, id, body, timestampSeconds })
        expect(verifyStandardWebhook({ secret, body, headers, nowSeconds: timestampSeconds }).ok).toBe(true)
        const other = { ...headers, 'webhook-id': `${id}x` }
        expect(verifyStandardWebhook({ secret, body, headers: other, nowSeconds: timestampSeconds })).toEqual(
          {
            ok: false,
            reason: 'signature-mismatch',
          },
        )
      }),
    )
  })

  it('accept one fitting signature among several, as during a rotation', () => {
    const input = { id: 'evt_1', body: '{}', timestampSeconds: nowSeconds }
    const old = standardWebhookHeaders({ ...input, secret: createWebhookSecret() })
    const headers = standardWebhookHeaders({ ...input, secret })
    headers['webhook-signature'] = `v1a,zzz ${old['webhook-signature']} ${headers['webhook-signature']}`
    expect(verifyStandardWebhook({ secret, body: '{}', headers, nowSeconds }).ok).toBe(true)
  })

  it('never throw and never accept hostile headers', () => {
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.constant(undefined), fc.array(fc.string()))
    const headers = fc.record({
      'webhook-id': value,
      'webhook-timestamp': fc.oneof(value, seconds.map(String)),
      'webhook-signature': fc.oneof(
        value,
        fc.base64String().map((text) => `v1,${text}`),
      ),
    })
    fc.assert(
      fc.property(headers, (hostile) => {
        expect(verifyStandardWebhook({ secret, body: '{}', headers: hostile, nowSeconds }).ok).toBe(false)
      }),
    )
  })
})

it('makes secrets of the documented form, each its own', () => {
  const secrets = Array.from({ length: 100 }, createWebhookSecret)
  for (const each of secrets) {
    expect(each).toMatch(/^whsec_[A-Za-z0-9+/]+=*$/)
    expect(Buffer.from(each.slice(6), 'base64').length).toBeGreaterThanOrEqual(24)
  }
  expect(new Set(secrets).size).toBe(100)
})
