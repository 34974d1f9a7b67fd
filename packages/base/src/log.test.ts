import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CarrierError } from './errors.ts'
import { createLog, type LogFields } from './log.ts'

function logged(fields: LogFields, showCustomerContent = false): string {
  const lines: string[] = []
  createLog({ service: 'test', showCustomerContent, write: (line) => void lines.push(line) }).info(
    'm',
    fields,
  )
  return lines.join('')
}

describe('a log line', () => {
  test('leaves out what customers own, unless the deployment wants to see it', () => {
    const fields = { callId: 'call_1', customer: { text: 'my words', to: '+12025550100' } }
    expect(JSON.parse(logged(fields))).toMatchObject({ service: 'test', callId: 'call_1', msg: 'm' })
    expect(logged(fields)).not.toContain('my words')
    expect(logged(fields, true)).toContain('"text":"my words","to":"+12025550100"')
  })

  test('has only the last four digits of a phone number, wherever it stands', () => {
    const number = fc.stringMatching(/^\+[1-9]\d{6,14}$/)
    const frame = fc.constantFrom(
      '%',
      'to %.',
      'Key (phone_number)=(%) exists',
      'To=%&x',
      '{"to":"%"}',
      'tel:%;x',
    )
    fc.assert(
      fc.property(number, frame, fc.boolean(), (phone, text, isEncoded) => {
        const written = text.replace('%', isEncoded ? encodeURIComponent(phone) : phone)
        for (const fields of [
          { a: { b: [written] } },
          { error: new Error(written, { cause: new Error(written) }) },
        ]) {
          const line = logged(fields)
          expect(line).not.toContain(phone.slice(1))
          expect(line).toContain(`*${phone.slice(-4)}`)
        }
      }),
    )
    expect(logged({ error: new Error('+12025550100') }, true)).toContain('+12025550100')
  })

  test.each([
    ['a key', 'pv_live_abcDEF123'],
    ['a webhook secret', 'whsec_abc+/='],
    ['a provider key', 'Incorrect API key: sk-proj-abc_123.'],
    ['a header', 'Authorization: Bearer abcdef123'],
    ['a recording link', 'https://api.example.com/rec/v1.abcdef_123'],
    ['credentials of an address', 'connect postgres://me:abcdef123@db:5432/x failed'],
    ['the query of an address', 'POST https://example.com/hook?key=abcdef123 failed'],
  ])('hides %s, also when numbers are shown', (_, text) => {
    for (const show of [false, true]) {
      expect(logged({ detail: text }, show)).not.toMatch(/abc|DEF|123/)
      expect(logged({ error: new Error('outer', { cause: new Error(text) }) }, show)).not.toMatch(
        /abcd?|DEF12/,
      )
    }
  })

  test('hides fields that are secrets by their name, at any depth and within JSON as text', () => {
    const secret = {
      headers: { authorization: 'plain', 'x-api-key': 'plain' },
      auth_token: 'plain',
      password: 'plain',
    }
    expect(logged({ a: secret, text: JSON.stringify(secret) })).not.toContain('plain')
    expect(JSON.parse(logged({ a: secret })).a.auth_token).toBe('***')
  })

  test('shows of an error what we chose, and not what a vendor or driver hung on it', () => {
    const driver = Object.assign(new Error('words'), {
      code: '23505',
      detail: 'words',
      headers: { a: 'words' },
    })
    const error = new CarrierError('refused', {
      vendor: 'twilio',
      operation: 'dial',
      category: 'server',
      cause: driver,
      context: { carrierCallId: 'CA1', customer: { vendorMessage: 'words' } },
    })
    const line = logged({ error })
    expect(line).not.toContain('words')
    expect(JSON.parse(line).error).toMatchObject({
      type: 'CarrierError',
      message: 'refused',
      code: 'carrier_error',
      vendor: 'twilio',
      context: { carrierCallId: 'CA1' },
      stack: expect.stringContaining('log.test.ts'),
      cause: { code: '23505' },
    })
    expect(logged({ error }, true)).toContain('"vendorMessage":"words"')
    expect(logged({ error: new Error('outer', { cause: driver }) })).toContain('words')
  })

  test('stays one JSON object, whatever was in it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(logged({ value }))).toMatchObject({ service: 'test', msg: 'm' })
      }),
    )
  })
})
