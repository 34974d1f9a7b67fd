import { toNationalFormat } from '../call-record.ts'
import type { CarrierState } from '../carrier-state.ts'
import type { OwnedNumber } from '../numbers.ts'
import { toRfc2822 } from '../sid.ts'
import type { Form } from './form.ts'
import { toPage } from './paging.ts'
import { RestError } from './rest-error.ts'

export function toNumberJson(number: OwnedNumber) {
  const path = `/2010-04-01/Accounts/${number.accountSid}/IncomingPhoneNumbers/${number.sid}`
  return {
    sid: number.sid,
    account_sid: number.accountSid,
    phone_number: number.phoneNumber,
    friendly_name: number.friendlyName,
    voice_url: number.voiceUrl,
    voice_method: number.voiceMethod,
    voice_fallback_url: number.voiceFallbackUrl,
    voice_fallback_method: number.voiceFallbackMethod,
    voice_caller_id_lookup: false,
    voice_application_sid: null,
    voice_receive_mode: 'voice',
    status_callback: number.statusCallback,
    status_callback_method: number.statusCallbackMethod,
    sms_url: '',
    sms_method: 'POST',
    sms_fallback_url: '',
    sms_fallback_method: 'POST',
    sms_application_sid: null,
    trunk_sid: null,
    capabilities: { voice: true, sms: false, mms: false, fax: false },
    address_requirements: 'none',
    address_sid: null,
    identity_sid: null,
    bundle_sid: null,
    emergency_status: 'Inactive',
    emergency_address_sid: null,
    emergency_address_status: 'unregistered',
    beta: false,
    origin: 'twilio',
    type: 'local',
    status: 'in-use',
    api_version: '2010-04-01',
    date_created: toRfc2822(number.createdAtMs),
    date_updated: toRfc2822(number.updatedAtMs),
    uri: `${path}.json`,
    subresource_uris: { assigned_add_ons: `${path}/AssignedAddOns.json` },
  }
}

export function listNumbers(state: CarrierState, accountSid: string, form: Form, url: URL) {
  const phoneNumber = form.text('PhoneNumber')?.replace(/[^0-9]/g, '')
  const friendlyName = form.text('FriendlyName')
  const numbers = state.numbers
    .list(accountSid)
    .filter(
      (number) =>
        (phoneNumber === undefined || number.phoneNumber.includes(phoneNumber)) &&
        (friendlyName === undefined || number.friendlyName === friendlyName),
    )
  return toPage('incoming_phone_numbers', numbers.map(toNumberJson), form, url)
}

export function buyNumber(state: CarrierState, accountSid: string, form: Form) {
  const phoneNumber = form.text('PhoneNumber')
  if (phoneNumber === undefined || !/^\+[1-9]\d{6,14}$/.test(phoneNumber)) {
    throw new RestError(400, 21421, `PhoneNumber is invalid: ${phoneNumber ?? ''}`)
  }
  // A number with a simulated phone behind it belongs to that phone.
  if (state.numbers.findByPhoneNumber(phoneNumber) || state.phones.find(phoneNumber)) {
    throw new RestError(400, 21422, `${phoneNumber} is not available`)
  }
  const number = state.numbers.add(accountSid, phoneNumber, state.services.timers.now())
  number.friendlyName = toNationalFormat(phoneNumber)
  return updateNumber(state, number, form)
}

/** Only what is named changes; an empty value clears. */
export function updateNumber(state: CarrierState, number: OwnedNumber, form: Form) {
  const url = (name: string, code: number, current: string) =>
    form.has(name) ? (form.url(name, code) ?? '') : current
  const changed: Partial<OwnedNumber> = {
    voiceUrl: url('VoiceUrl', 21402, number.voiceUrl),
    voiceFallbackUrl: url('VoiceFallbackUrl', 21402, number.voiceFallbackUrl),
    statusCallback: url('StatusCallback', 21502, number.statusCallback),
    friendlyName: form.text('FriendlyName') ?? number.friendlyName,
    voiceMethod: form.has('VoiceMethod') ? form.method('VoiceMethod') : number.voiceMethod,
    voiceFallbackMethod: form.has('VoiceFallbackMethod')
      ? form.method('VoiceFallbackMethod')
      : number.voiceFallbackMethod,
    statusCallbackMethod: form.has('StatusCallbackMethod')
      ? form.method('StatusCallbackMethod')
      : number.statusCallbackMethod,
    updatedAtMs: state.services.timers.now(),
  }
  Object.assign(number, changed)
  return toNumberJson(number)
}
