import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { z } from 'zod'

/** True for a phone number that exists in its country's numbering plan, written in E.164 (`+` and digits only). */
export function isPhoneNumber(text: string): boolean {
  if (!/^\+[1-9]\d{6,14}$/.test(text)) return false
  const parsed = parsePhoneNumberFromString(text)
  return parsed?.isValid() === true && parsed.number === text
}

/** A phone number in E.164. */
export const phoneNumberSchema = z
  .string()
  .refine(isPhoneNumber, {
    error: 'must be a valid phone number in E.164 form, for example +12025550100',
  })
  .meta({ description: 'A phone number in E.164 form.', example: '+12025550100' })

/** The simulated phones that a test key can call, and what each does. */
export const SIMULATED_PHONES = {
  '+12025550100': 'talks: books an appointment',
  '+12025550101': 'is busy',
  '+12025550102': 'never answers',
  '+12025550103': 'cannot be reached',
  '+12025550104': 'is a voicemail with a beep',
  '+12025550105': 'interrupts the assistant',
  '+12025550106': 'stays silent',
  '+12025550107': 'hangs up in the middle of a sentence',
  '+12025550108': 'presses keys',
  '+12025550109': 'says "uh huh" and makes noise while it listens',
  '+12025550110': 'spells a number with pauses',
  '+12025550111': 'asks for a human',
  '+12025550112': 'plays a WAV file given with its text',
} as const satisfies Record<string, string>

const FIRST_CUSTOM_PHONE = 12025550113
const LAST_CUSTOM_PHONE = 12025550189

/** True for a simulated phone: the listed ones, and +12025550113 to +12025550189, whose behaviour a user writes. */
export function isSimulatedPhone(phoneNumber: string): boolean {
  if (phoneNumber in SIMULATED_PHONES) return true
  const digits = Number(phoneNumber.slice(1))
  return digits >= FIRST_CUSTOM_PHONE && digits <= LAST_CUSTOM_PHONE
}

/** The caller id of test calls that name none. The sandbox's account owns +12025550190 to +12025550199. */
export const SANDBOX_CALLER_ID = '+12025550190'

/** True for a number of the sandbox's own account, which a test key may show as caller id and bind. */
export function isSandboxNumber(phoneNumber: string): boolean {
  return /^\+1202555019\d$/.test(phoneNumber)
}
