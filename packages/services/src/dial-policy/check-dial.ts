/**
 * The dial policy: one pure decision for every door through which a number can come. Creating a call asks it before anything is written; the dialler
 * asks again right before the carrier is asked, because lists, hours and settings may have changed while the call waited.
 */
import { type CallingHours, isSimulatedPhone } from '@phonevoice/contracts'
import type { Mode } from '../context.ts'
import { checkDestination } from './check-destination.ts'
import { checkHours } from './check-hours.ts'

/** What an organization allows. */
export interface DialPolicy {
  /** ISO 3166-1 alpha-2. */
  countries: readonly string[]
  callingHours: CallingHours | null
}

/**
 * The countries an organization may call until somebody allows others: those whose calls are priced alike on our rate card. Every further country
 * is a decision, because fraud with expensive numbers hides abroad.
 */
export const COUNTRIES_DEFAULT: readonly string[] = ['US', 'CA']

export interface DialQuestion {
  phoneNumber: string
  mode: Mode
  isOnDoNotCallList: boolean
  /** The call's own hours, beside those of the organization. */
  callingHours: CallingHours | null
  nowMs: number
}

export interface DialRefusal {
  reason: 'destination_blocked' | 'do_not_call' | 'outside_hours'
  /** Why, for people. */
  sentence: string
}

/** Null: the number may be dialled now. */
export function checkDial(policy: DialPolicy, dial: DialQuestion): DialRefusal | null {
  const { phoneNumber, mode, nowMs } = dial
  // A test call reaches nothing but a simulated phone, so where that would lie and what it would cost does not matter.
  const blocked =
    mode === 'test' ? checkSimulated(phoneNumber) : checkDestination(phoneNumber, policy.countries)
  if (blocked !== null) return { reason: 'destination_blocked', sentence: blocked }
  if (dial.isOnDoNotCallList)
    return { reason: 'do_not_call', sentence: "This number is on the organization's do-not-call list." }
  for (const hours of [policy.callingHours, dial.callingHours]) {
    const closed = hours && checkHours(hours, phoneNumber, nowMs)
    if (closed !== null) return { reason: 'outside_hours', sentence: closed }
  }
  return null
}

function checkSimulated(phoneNumber: string): string | null {
  if (/^\+\d{11}$/.test(phoneNumber) && isSimulatedPhone(phoneNumber)) return null
  return 'A test call reaches simulated phones only.'
}
