import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { expect, test } from 'vitest'
import { zonesOfAreaCode } from './nanp-time-zones.ts'
import { localTime, zonesOf } from './time-zones.ts'

const CANADIAN = /Toronto|Winnipeg|Regina|Edmonton|Vancouver|Halifax|St_Johns|Whitehorse/
const areaCodes = Array.from({ length: 800 }, (_, index) => String(200 + index))
const countryOf = (areaCode: string) => parsePhoneNumberFromString(`+1${areaCode}5550123`)?.country

test('every listed area code lies in the country of its zones, and every zone exists', () => {
  for (const areaCode of areaCodes) {
    const zones = zonesOfAreaCode(areaCode)
    const country = countryOf(areaCode)
    if (zones === undefined || country === undefined) continue
    expect([areaCode, country]).toEqual([areaCode, zones.some((zone) => CANADIAN.test(zone)) ? 'CA' : 'US'])
    for (const zone of zones) expect(localTime(zone, 0).text).toMatch(/^\d\d:\d\d$/)
  }
})

test('hardly any area code in use is missing', () => {
  const inUse = areaCodes.filter((areaCode) => {
    const parsed = parsePhoneNumberFromString(`+1${areaCode}5550123`)
    const isLocal = parsed?.getType() === 'FIXED_LINE_OR_MOBILE'
    return isLocal && (parsed?.country === 'US' || parsed?.country === 'CA')
  })
  expect(inUse.length).toBeGreaterThan(350)
  expect(inUse.filter((areaCode) => zonesOfAreaCode(areaCode) === undefined).length).toBeLessThan(5)
})

test.each([
  ['+12125550100', ['America/New_York']],
  ['+16025550100', ['America/Phoenix']],
  ['+12085550100', ['America/Denver', 'America/Los_Angeles']],
  ['+17095550100', ['America/St_Johns', 'America/Halifax']],
  ['+4915751234567', ['Europe/Berlin', 'Europe/Busingen']],
  ['+870773111632', []],
  ['nonsense', []],
])('%s may be in %j', (phoneNumber, zones) => {
  expect(zonesOf(phoneNumber)).toEqual(zones)
})

test('a country without a list of area codes counts with all its zones', () => {
  expect(zonesOf('+61412345678')).toEqual(expect.arrayContaining(['Australia/Sydney', 'Australia/Perth']))
  expect(zonesOf('+18005550100')).toEqual(expect.arrayContaining(['America/New_York', 'Pacific/Honolulu']))
})
