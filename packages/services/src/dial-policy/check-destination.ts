import { type NumberType, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { isEmergencyNumber, isPremiumExchange, isServiceCode, splitNumber } from './number-plan.ts'

/** Emergency and service numbers have fewer digits than this behind the country's calling code; hardly any subscriber does. */
const NATIONAL_DIGITS_MIN = 7

/** Kinds of numbers that cost the caller extra, or that nobody answers. */
const BLOCKED_TYPES: Readonly<Partial<Record<NonNullable<NumberType>, string>>> = {
  PREMIUM_RATE: 'a premium-rate number',
  SHARED_COST: 'a shared-cost number',
  PERSONAL_NUMBER: 'a personal number, which is forwarded at a price nobody can know',
  PAGER: 'a pager',
  UAN: 'a universal access number, which may cost extra',
  VOICEMAIL: 'a mailbox',
}

/**
 * Whether a number may be dialled, whoever chose it: a request, a transfer or a language model. Null: it may; otherwise a sentence that says why not.
 * Everything that is not surely an ordinary number of an allowed country is refused. `countries` are ISO 3166-1 alpha-2 codes. Pure.
 */
export function checkDestination(phoneNumber: string, countries: readonly string[]): string | null {
  if (isEmergencyNumber(phoneNumber.replace(/\D/g, '')))
    return 'This is an emergency number; emergency services are never called.'
  if (!/^\+[1-9]\d{0,14}$/.test(phoneNumber))
    return 'A number is dialled only in E.164 form, for example +12025550100.'
  const number = splitNumber(phoneNumber.slice(1))
  if (number === null) return 'No country has a calling code with which this number begins.'
  if (number.worldwide !== null) return `This is ${number.worldwide}, which is never called.`
  const { nationalNumber } = number
  if (isEmergencyNumber(nationalNumber) || isEmergencyNumber(`0${nationalNumber}`))
    return 'This is an emergency number; emergency services are never called.'
  if (isServiceCode(number))
    return 'This begins with a service number such as 911 or 411, which are never called.'
  if (nationalNumber.length < NATIONAL_DIGITS_MIN)
    return 'This is a short number, as emergency and other services have; they are never called.'

  const parsed = parsePhoneNumberFromString(phoneNumber)
  const type = parsed?.getType()
  if (!parsed?.isValid() || parsed.number !== phoneNumber || type === undefined)
    return "This number does not exist in its country's numbering plan."
  const blocked = BLOCKED_TYPES[type] ?? (isPremiumExchange(number) ? BLOCKED_TYPES.PREMIUM_RATE : undefined)
  if (blocked !== undefined) return `This is ${blocked}, which is never called.`
  if (parsed.country === undefined || !countries.includes(parsed.country))
    return `Calls to this country (${parsed.country ?? 'unknown'}) are not allowed for this organization; allowed are ${countries.join(', ') || 'none'}. Whoever runs the service can allow it.`
  return null
}
