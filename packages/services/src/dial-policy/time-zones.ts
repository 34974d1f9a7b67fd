import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { zonesOfAreaCode } from './nanp-time-zones.ts'

/** ECMA-402, "Intl Locale Info": a property in early engines, a function in later ones; TypeScript's library knows neither. */
interface LocaleWithZones extends Intl.Locale {
  timeZones?: string[]
  getTimeZones?(): string[] | undefined
}

/**
 * The time zones in which a callee may be. A number tells a region at best: all of its zones come back, and what is asked of the local time must
 * hold in each. Empty when nothing can be said.
 */
export function zonesOf(phoneNumber: string): readonly string[] {
  const parsed = parsePhoneNumberFromString(phoneNumber)
  const country = parsed?.country
  if (!parsed || country === undefined) return []
  const byAreaCode =
    parsed.countryCallingCode === '1' ? zonesOfAreaCode(parsed.nationalNumber.slice(0, 3)) : undefined
  return byAreaCode ?? zonesOfCountry(country)
}

function zonesOfCountry(country: string): readonly string[] {
  const locale = new Intl.Locale(`und-${country}`) as LocaleWithZones
  return locale.getTimeZones?.() ?? locale.timeZones ?? []
}

export interface LocalTime {
  day: string
  /** Since local midnight. */
  minutes: number
  /** `HH:MM`. */
  text: string
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** Day of the week (`mon` to `sun`) and time of day in a zone. */
export function localTime(zone: string, nowMs: number): LocalTime {
  let format = formats.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
    formats.set(zone, format)
  }
  const parts = new Map(format.formatToParts(nowMs).map(({ type, value }) => [type, value]))
  const [hour = '00', minute = '00'] = [parts.get('hour'), parts.get('minute')]
  return {
    day: (parts.get('weekday') ?? '').toLowerCase(),
    minutes: Number(hour) * 60 + Number(minute),
    text: `${hour}:${minute}`,
  }
}
