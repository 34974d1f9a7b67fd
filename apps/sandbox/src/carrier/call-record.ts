import { toRfc2822 } from './sid.ts'
import type { Param } from './signature.ts'

/** Values of the REST API's `status` (https://www.twilio.com/docs/voice/api/call-resource). */
export type CallStatus =
  | 'queued'
  | 'ringing'
  | 'in-progress'
  | 'completed'
  | 'busy'
  | 'no-answer'
  | 'failed'
  | 'canceled'

export const FINAL_STATUSES: ReadonlySet<CallStatus> = new Set([
  'completed',
  'busy',
  'no-answer',
  'failed',
  'canceled',
])

/** The facts of one call. Times are Unix milliseconds. */
export interface CallRecord {
  readonly sid: string
  readonly accountSid: string
  readonly to: string
  readonly from: string
  readonly direction: 'inbound' | 'outbound-api'
  /** The number of the account that takes part. */
  readonly phoneNumberSid: string | null
  status: CallStatus
  readonly createdAtMs: number
  updatedAtMs: number
  startedAtMs: number | null
  answeredAtMs: number | null
  endedAtMs: number | null
  /** Why it ended, in the sandbox's own words. */
  endCause: string | null
  answeredBy: string | null
}

/** The Call resource with every key; the SDK takes a missing date for "now". */
export function toCallJson(record: CallRecord) {
  const path = `/2010-04-01/Accounts/${record.accountSid}/Calls/${record.sid}`
  const sub = (name: string) => `${path}/${name}.json`
  return {
    sid: record.sid,
    account_sid: record.accountSid,
    parent_call_sid: null,
    phone_number_sid: record.phoneNumberSid,
    to: record.to,
    to_formatted: toNationalFormat(record.to),
    from: record.from,
    from_formatted: toNationalFormat(record.from),
    status: record.status,
    direction: record.direction,
    answered_by: record.answeredBy,
    date_created: toRfc2822(record.createdAtMs),
    date_updated: toRfc2822(record.updatedAtMs),
    start_time: toNullableDate(record.startedAtMs),
    end_time: toNullableDate(record.endedAtMs),
    duration:
      record.endedAtMs !== null && record.answeredAtMs !== null ? String(durationSeconds(record)) : null,
    price: null,
    price_unit: 'USD',
    queue_time: '0',
    api_version: '2010-04-01',
    annotation: null,
    forwarded_from: null,
    group_sid: null,
    caller_name: null,
    trunk_sid: null,
    uri: `${path}.json`,
    subresource_uris: {
      notifications: sub('Notifications'),
      recordings: sub('Recordings'),
      payments: sub('Payments'),
      events: sub('Events'),
      siprec: sub('Siprec'),
      streams: sub('Streams'),
      transcriptions: sub('Transcriptions'),
      user_defined_message_subscriptions: sub('UserDefinedMessageSubscriptions'),
      user_defined_messages: sub('UserDefinedMessages'),
    },
  }
}

/** The number of the phone, whoever dialled. */
export function phoneNumberOf(record: CallRecord): string {
  return record.direction === 'inbound' ? record.from : record.to
}

/** Whole seconds from answer to end; 0 when it was never answered. */
export function durationSeconds(record: CallRecord): number {
  if (record.answeredAtMs === null || record.endedAtMs === null) return 0
  return Math.round((record.endedAtMs - record.answeredAtMs) / 1000)
}

/** What every voice webhook says about its call (https://www.twilio.com/docs/voice/twiml#request-parameters). */
export function toVoiceParams(record: CallRecord, callStatus: string): Param[] {
  return [
    ['CallSid', record.sid],
    ['AccountSid', record.accountSid],
    ['ApiVersion', '2010-04-01'],
    ['From', record.from],
    ['To', record.to],
    ['Caller', record.from],
    ['Called', record.to],
    ['CallStatus', callStatus],
    ['Direction', record.direction],
    ...['From', 'To', 'Caller', 'Called'].flatMap((party): Param[] => [
      [`${party}City`, ''],
      [`${party}State`, 'DC'],
      [`${party}Zip`, ''],
      [`${party}Country`, 'US'],
    ]),
  ]
}

/** National format for North America, E.164 as it is for others. */
export function toNationalFormat(phoneNumber: string): string {
  const match = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(phoneNumber)
  return match ? `(${match[1]}) ${match[2]}-${match[3]}` : phoneNumber
}

function toNullableDate(unixMs: number | null): string | null {
  return unixMs === null ? null : toRfc2822(unixMs)
}
