/**
 * What Twilio posts to us, as typed values. New fields can appear at any time and known ones can be missing, so only the call's id is required:
 * without it the result is null. Check the signature first.
 */
import type { CarrierCallStatus } from '../contract/index.ts'

/** Call progress (Calls resource, "StatusCallback"). */
export interface StatusCallback {
  carrierCallId: string
  accountSid: string
  status: CarrierCallStatus
  /** Order of firing from 0; deliveries overtake each other. */
  sequenceNumber: number | null
  /** When it happened, Unix milliseconds (whole seconds); null when not said. */
  occurredAtMs: number | null
  /** Answer to end, whole seconds; only when the call has ended. */
  durationSeconds: number | null
  /** The SIP answer that ended the call, e.g. `486`. */
  sipCode: string | null
  answeredBy: string | null
  direction: string | null
}

/** A request for instructions (TwiML voice request). */
export interface VoiceRequest {
  carrierCallId: string
  accountSid: string
  /** A number, or text such as `anonymous` where the caller withheld it. */
  from: string
  to: string
  status: CarrierCallStatus | null
  direction: string | null
  answeredBy: string | null
}

/** What happened to a media stream (Stream noun, `statusCallback`). */
export interface StreamCallback {
  carrierCallId: string
  carrierStreamId: string
  event: 'started' | 'stopped' | 'error' | 'other'
  /** Twilio's words; null when nothing failed. */
  error: string | null
  /** When it happened, Unix milliseconds; null when it does not say. */
  occurredAtMs: number | null
}

/** Who answered (answering-machine detection). */
export interface MachineDetectionCallback {
  carrierCallId: string
  answeredBy: 'human' | 'machine' | 'fax' | 'unknown'
  /** True once a machine's greeting has ended. */
  isGreetingOver: boolean
  /** A beep was heard: no person makes one. */
  hasBeeped: boolean
}

/** Null: no call id, or a status we do not know. */
export function parseStatusCallback(form: URLSearchParams): StatusCallback | null {
  const carrierCallId = form.get('CallSid')
  const status = toStatus(form.get('CallStatus'))
  if (!carrierCallId || !status) return null
  return {
    carrierCallId,
    accountSid: form.get('AccountSid') ?? '',
    status,
    sequenceNumber: toWholeNumber(form.get('SequenceNumber')),
    occurredAtMs: toTime(form.get('Timestamp')),
    durationSeconds: toWholeNumber(form.get('CallDuration')),
    sipCode: form.get('SipResponseCode') || null,
    answeredBy: form.get('AnsweredBy') || null,
    direction: form.get('Direction') || null,
  }
}

export function parseVoiceRequest(form: URLSearchParams): VoiceRequest | null {
  const carrierCallId = form.get('CallSid')
  if (!carrierCallId) return null
  return {
    carrierCallId,
    accountSid: form.get('AccountSid') ?? '',
    from: form.get('From') ?? '',
    to: form.get('To') ?? '',
    status: toStatus(form.get('CallStatus')),
    direction: form.get('Direction') || null,
    answeredBy: form.get('AnsweredBy') || null,
  }
}

export function parseStreamCallback(form: URLSearchParams): StreamCallback | null {
  const carrierCallId = form.get('CallSid')
  if (!carrierCallId) return null
  const event = form.get('StreamEvent')
  return {
    carrierCallId,
    carrierStreamId: form.get('StreamSid') ?? '',
    event:
      event === 'stream-started'
        ? 'started'
        : event === 'stream-stopped'
          ? 'stopped'
          : event === 'stream-error'
            ? 'error'
            : 'other',
    error: form.get('StreamError') || null,
    occurredAtMs: toTime(form.get('Timestamp')),
  }
}

export function parseMachineDetectionCallback(form: URLSearchParams): MachineDetectionCallback | null {
  const carrierCallId = form.get('CallSid')
  if (!carrierCallId) return null
  const answeredBy = form.get('AnsweredBy') ?? 'unknown'
  return {
    carrierCallId,
    // The values grow over time: `machine_start`, `machine_end_beep` and their kin all begin alike.
    answeredBy: answeredBy.startsWith('machine')
      ? 'machine'
      : answeredBy === 'human' || answeredBy === 'fax'
        ? answeredBy
        : 'unknown',
    isGreetingOver: answeredBy.startsWith('machine_end'),
    hasBeeped: answeredBy === 'machine_end_beep',
  }
}

const STATUSES: ReadonlySet<string> = new Set<CarrierCallStatus>([
  'queued',
  'initiated',
  'ringing',
  'in-progress',
  'completed',
  'busy',
  'no-answer',
  'failed',
  'canceled',
])

/** Null for a status that Twilio did not have when this was written. */
export function toStatus(text: string | null): CarrierCallStatus | null {
  return text !== null && STATUSES.has(text) ? (text as CarrierCallStatus) : null
}

/** Null when the text is not a plain whole number. */
export function toWholeNumber(text: string | null): number | null {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null
}

/** RFC 2822 or ISO 8601 to Unix milliseconds. */
export function toTime(text: string | null): number | null {
  const ms = text === null || text === '' ? Number.NaN : Date.parse(text)
  return Number.isNaN(ms) ? null : ms
}
