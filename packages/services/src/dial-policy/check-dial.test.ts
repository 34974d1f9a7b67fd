import fc from 'fast-check'
import examples from 'libphonenumber-js/examples.mobile.json' with { type: 'json' }
import { getCountries, getExampleNumber, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { describe, expect, test } from 'vitest'
import { checkDestination } from './check-destination.ts'
import { COUNTRIES_DEFAULT, checkDial, type DialPolicy, type DialQuestion } from './check-dial.ts'

const everywhere: readonly string[] = getCountries()

describe('a destination', () => {
  test.each([
    ['911', 'emergency'],
    ['+911', 'emergency'],
    ['+1911', 'emergency'],
    ['1 1 2', 'emergency'],
    ['+44999', 'emergency'],
    ['+49112', 'emergency'],
    ['+61000', 'emergency'],
    ['+390112', 'emergency'],
    ['+14115551234', 'service number'],
    ['+19115551234', 'service number'],
    ['+4911833', 'short number'],
    ['+448001', 'short number'],
    ['+19005551234', 'premium-rate'],
    ['+12129761234', 'premium-rate'],
    ['+449098790000', 'premium-rate'],
    ['+33899123456', 'premium-rate'],
    ['+49180512345', 'shared-cost'],
    ['+15005551234', 'personal number'],
    ['+447012345678', 'personal number'],
    ['+447640123456', 'pager'],
    ['+448431234567', 'which is never called'],
    ['+445512345678', 'universal access'],
    ['+870773111632', 'satellite'],
    ['+881612345678', 'satellite'],
    ['+882161234567', 'satellite'],
    ['+883510001234567', 'satellite'],
    ['+878101234567890', 'personal number'],
    ['+97912345678', 'premium-rate'],
    ['+80812345678', 'shared-cost'],
    ['+80012345678', 'freephone'],
    ['+88812345678', 'disaster'],
    ['+999123456789', 'calling code'],
    ['+11345678901', 'does not exist'],
    ['+1202555010', 'does not exist'],
    ['+1 202 555 0100', 'E.164'],
    ['tel:+12025550100', 'E.164'],
    ['+1٢٠٢٥٥٥٠١٠٠', 'E.164'],
    ['2025550100', 'E.164'],
    ['', 'E.164'],
  ])('%s is refused: %s', (phoneNumber, why) => {
    expect(checkDestination(phoneNumber, everywhere)).toContain(why)
  })

  test.each([
    '+12025550100',
    '+18005551234',
    '+14165550123',
    '+4915751234567',
    '+390612345678',
    '+442079460018',
  ])('%s is an ordinary number', (phoneNumber) => {
    expect(checkDestination(phoneNumber, everywhere)).toBeNull()
  })

  test('every country is called only when it is allowed', () => {
    let countries = 0
    for (const country of getCountries()) {
      const mobile = getExampleNumber(country, examples)
      if (
        !mobile ||
        mobile.nationalNumber.length < 7 ||
        parsePhoneNumberFromString(mobile.number)?.country !== country
      )
        continue
      countries++
      const others = everywhere.filter((one) => one !== country)
      expect([country, checkDestination(mobile.number, others)]).toEqual([
        country,
        expect.stringContaining(country),
      ])
      expect([country, checkDestination(mobile.number, [country])]).toEqual([country, null])
    }
    expect(countries).toBeGreaterThan(180)
  })
})

test('whatever text comes, only an existing number of an allowed country in E.164 passes', () => {
  const ordinary = fc.constantFrom('+12125550100', '+14165550123', '+442079460018', '+4915751234567')
  const noise = fc.oneof(
    fc.string({ maxLength: 3 }),
    fc.constantFrom(' ', '-', '\n', '\0', '٣', ';ext=911', ',,911', 'p911'),
  )
  const mutated = fc
    .tuple(ordinary, noise, fc.nat(14))
    .map(([number, text, at]) => number.slice(0, at) + text + number.slice(at))
  const digits = fc.stringMatching(/^\+?[0-9]{1,16}$/)
  fc.assert(
    fc.property(fc.oneof(mutated, digits, fc.string()), (text) => {
      if (checkDestination(text, ['US', 'CA']) !== null) return
      const parsed = parsePhoneNumberFromString(text)
      expect(text).toMatch(/^\+1\d{10}$/)
      expect([parsed?.isValid(), ['US', 'CA'].includes(parsed?.country ?? '')]).toEqual([true, true])
      expect(text).not.toMatch(/^\+1([2-9]11|900)|^\+1...976/)
    }),
    { numRuns: 3000 },
  )
})

const policy: DialPolicy = { countries: COUNTRIES_DEFAULT, callingHours: null }
const question: DialQuestion = {
  phoneNumber: '+12125550100',
  mode: 'live',
  isOnDoNotCallList: false,
  callingHours: null,
  // Friday, 12:00 in New York, 09:00 in Los Angeles.
  nowMs: Date.parse('2026-11-20T17:00:00Z'),
}
const reasonFor = (change: Partial<DialQuestion>, rules: Partial<DialPolicy> = {}) =>
  checkDial({ ...policy, ...rules }, { ...question, ...change })?.reason ?? null

describe('the policy', () => {
  test('allows the United States and Canada at first, and not what else begins with +1', () => {
    expect(reasonFor({})).toBeNull()
    expect(reasonFor({ phoneNumber: '+14165550123' })).toBeNull()
    for (const phoneNumber of ['+18765551234', '+18095551234', '+12425551234', '+442079460018'])
      expect(reasonFor({ phoneNumber })).toBe('destination_blocked')
  })

  test('refuses what is on the do-not-call list, with either kind of key', () => {
    expect(reasonFor({ isOnDoNotCallList: true })).toBe('do_not_call')
    expect(reasonFor({ isOnDoNotCallList: true, mode: 'test', phoneNumber: '+12025550100' })).toBe(
      'do_not_call',
    )
  })

  test('lets a test call reach simulated phones only, wherever they would be', () => {
    const test = (phoneNumber: string) => reasonFor({ mode: 'test', phoneNumber }, { countries: [] })
    expect(test('+12025550100')).toBeNull()
    expect(test('+12025550189')).toBeNull()
    for (const phoneNumber of [
      '+12025550190',
      '+12125550100',
      '+19005551234',
      '+911',
      '+12025550113.5',
      '+1.2025550113e10',
    ])
      expect(test(phoneNumber)).toBe('destination_blocked')
  })
})

describe('calling hours', () => {
  const hours = { start: '09:00', end: '20:00' }
  const at = (time: string, phoneNumber = '+12125550100', more = {}) =>
    reasonFor({ nowMs: Date.parse(time), phoneNumber, callingHours: { ...hours, ...more } })

  test('hold where the callee is, to the minute', () => {
    expect(at('2026-11-20T13:59:59Z')).toBe('outside_hours')
    expect(at('2026-11-20T14:00:00Z')).toBeNull()
    expect(at('2026-11-21T00:59:59Z')).toBeNull()
    expect(at('2026-11-21T01:00:00Z')).toBe('outside_hours')
    expect(at('2026-11-20T14:00:00Z', '+13105550100')).toBe('outside_hours')
    expect(at('2026-11-20T17:00:00Z', '+13105550100')).toBeNull()
  })

  test('follow daylight saving time', () => {
    expect(at('2026-07-01T13:00:00Z')).toBeNull()
    expect(at('2026-01-05T13:00:00Z')).toBe('outside_hours')
  })

  test('hold in every zone of an area code that has two, and of a country whose zone nobody knows', () => {
    // Florida's 850 lies in Eastern and Central time, 09:30 and 08:30.
    expect(at('2026-11-20T14:30:00Z', '+18505550100')).toBe('outside_hours')
    expect(at('2026-11-20T15:00:00Z', '+18505550100')).toBeNull()
    const free = (time: string) => at(time, '+18005550100')
    expect(free('2026-11-20T15:00:00Z')).toBe('outside_hours')
    // 14:00 in New York is 09:00 in Honolulu and on Adak.
    expect(free('2026-11-20T19:00:00Z')).toBeNull()
  })

  test('can name their zone and their days', () => {
    expect(at('2026-11-20T09:00:00Z', '+12125550100', { time_zone: 'Europe/Berlin' })).toBeNull()
    expect(at('2026-11-20T17:00:00Z', '+12125550100', { days: ['sat', 'sun'] })).toBe('outside_hours')
    expect(at('2026-11-21T17:00:00Z', '+12125550100', { days: ['sat', 'sun'] })).toBeNull()
  })

  test('of the organization and of the call hold both', () => {
    const morning = { start: '00:00', end: '12:00', time_zone: 'UTC' }
    expect(reasonFor({ callingHours: hours }, { callingHours: morning })).toBe('outside_hours')
    expect(reasonFor({}, { callingHours: morning })).toBe('outside_hours')
    expect(reasonFor({ callingHours: morning })).toBe('outside_hours')
  })
})
