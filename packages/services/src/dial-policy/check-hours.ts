import type { CallingHours } from '@phonevoice/contracts'
import { localTime, zonesOf } from './time-zones.ts'

/**
 * Whether it is a decent time to call. Null: it is; otherwise a sentence that says why not. Without a time zone of its own the hours hold where the
 * callee may be: in every zone the number could belong to. Pure.
 */
export function checkHours(hours: CallingHours, phoneNumber: string, nowMs: number): string | null {
  const zones = hours.time_zone === undefined ? zonesOf(phoneNumber) : [hours.time_zone]
  const span = `The calling hours are ${hours.start} to ${hours.end}${hours.days ? ` (${hours.days.join(', ')})` : ''}`
  if (zones.length === 0) return `${span}, and the time zone of this number is not known.`
  for (const zone of zones) {
    const local = localTime(zone, nowMs)
    const isOpen = minutesOf(hours.start) <= local.minutes && local.minutes < minutesOf(hours.end)
    const isDay = hours.days === undefined || hours.days.some((day) => day === local.day)
    if (!isOpen || !isDay)
      return `${span}, and it is ${local.day} ${local.text} in ${zone}${zones.length > 1 ? ', where the callee may be' : ''}.`
  }
  return null
}

function minutesOf(text: string): number {
  const [hour = 0, minute = 0] = text.split(':').map(Number)
  return hour * 60 + minute
}
