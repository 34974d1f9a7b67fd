import { newSid } from './sid.ts'
import type { HttpMethod } from './twiml/parse.ts'

/** A number an account owns. Empty URLs are not set. */
export interface OwnedNumber {
  readonly sid: string
  readonly accountSid: string
  readonly phoneNumber: string
  readonly createdAtMs: number
  updatedAtMs: number
  friendlyName: string
  voiceUrl: string
  voiceMethod: HttpMethod
  voiceFallbackUrl: string
  voiceFallbackMethod: HttpMethod
  statusCallback: string
  statusCallbackMethod: HttpMethod
}

export class NumberRegistry {
  readonly #numbers = new Map<string, OwnedNumber>()

  add(accountSid: string, phoneNumber: string, nowMs: number): OwnedNumber {
    const number: OwnedNumber = {
      sid: newSid('PN'),
      accountSid,
      phoneNumber,
      createdAtMs: nowMs,
      updatedAtMs: nowMs,
      friendlyName: phoneNumber,
      voiceUrl: '',
      voiceMethod: 'POST',
      voiceFallbackUrl: '',
      voiceFallbackMethod: 'POST',
      statusCallback: '',
      statusCallbackMethod: 'POST',
    }
    this.#numbers.set(number.sid, number)
    return number
  }

  find(sid: string, accountSid: string): OwnedNumber | null {
    const number = this.#numbers.get(sid)
    return number?.accountSid === accountSid ? number : null
  }

  /** A number belongs to one account at most. */
  findByPhoneNumber(phoneNumber: string): OwnedNumber | null {
    for (const number of this.#numbers.values()) if (number.phoneNumber === phoneNumber) return number
    return null
  }

  list(accountSid: string): OwnedNumber[] {
    return [...this.#numbers.values()].filter((number) => number.accountSid === accountSid)
  }

  delete(sid: string): void {
    this.#numbers.delete(sid)
  }
}
