import { Call, type CallEvent, type CallPlan } from '../call.ts'
import { toCallJson } from '../call-record.ts'
import type { CarrierState } from '../carrier-state.ts'
import { MACHINE_DETECTION_DEFAULTS, type MachineDetection } from '../machine-detection.ts'
import { newSid } from '../sid.ts'
import type { Source } from '../twiml/run.ts'
import type { Form } from './form.ts'
import { RestError } from './rest-error.ts'

const EVENTS: ReadonlySet<string> = new Set(['initiated', 'ringing', 'answered', 'completed'])
const E164 = /^\+[1-9]\d{6,14}$/
/** Ring time when `Timeout` is absent, and its most. */
const RING_TIMEOUT_SECONDS = { default: 60, max: 600 }
/** Standard account limit of a call, four hours; a day on request. */
const TIME_LIMIT_SECONDS = { default: 14_400, max: 86_400 }

/** `POST Calls.json`: checks in the order the vendor's test credentials suggest, then dials. */
export function createCall(state: CarrierState, accountSid: string, form: Form) {
  const { to, from, phoneNumberSid } = readParties(state, accountSid, form)
  const plan = readPlan(form)
  const nowMs = state.services.timers.now()
  const call = new Call({
    record: {
      sid: newSid('CA'),
      accountSid,
      to,
      from,
      direction: 'outbound-api',
      phoneNumberSid,
      status: 'queued',
      createdAtMs: nowMs,
      updatedAtMs: nowMs,
      startedAtMs: null,
      answeredAtMs: null,
      endedAtMs: null,
      endCause: null,
      answeredBy: null,
    },
    plan,
    scenario: state.phones.find(to),
    authToken: state.accounts.get(accountSid)!,
    services: state.services,
  })
  state.calls.add(call)
  call.start()
  return toCallJson(call.record)
}

function readParties(state: CarrierState, accountSid: string, form: Form) {
  const to = form.text('To')
  const from = form.text('From')
  if (to === undefined) throw new RestError(400, 21201, "No 'To' number is specified")
  if (from === undefined) throw new RestError(400, 21213, "No 'From' number is specified")
  if (!E164.test(from))
    throw new RestError(400, 21212, `The 'From' number ${from} is not a valid phone number.`)
  if (!E164.test(to) || to === from)
    throw new RestError(400, 21211, `The 'To' number ${to} is not a valid phone number.`)
  const number = state.numbers.findByPhoneNumber(from)
  if (number?.accountSid !== accountSid) {
    throw new RestError(
      400,
      21210,
      `The source phone number provided, ${from}, is not yet verified for your account. You may only make calls from phone numbers that you've verified or purchased from Twilio.`,
    )
  }
  return { to, from, phoneNumberSid: number.sid }
}

function readPlan(form: Form): CallPlan {
  const statusUrl = form.url('StatusCallback', 21609)
  const fallbackUrl = form.url('FallbackUrl', 21205)
  const events = form.list('StatusCallbackEvent').filter((event) => EVENTS.has(event)) as CallEvent[]
  const sendDigits = form.text('SendDigits') ?? null
  if (sendDigits !== null && !/^[0-9A-D#*wW]{1,32}$/.test(sendDigits)) {
    throw new RestError(400, 21206, `SendDigits is invalid: ${sendDigits}`)
  }
  const ringSeconds =
    form.integer('Timeout', { min: 1, max: RING_TIMEOUT_SECONDS.max, code: 21208 }) ??
    RING_TIMEOUT_SECONDS.default
  const limitSeconds = form.integer('TimeLimit', { min: 1, max: TIME_LIMIT_SECONDS.max, code: 21208 })
  return {
    instructions: readInstructions(form),
    fallback: fallbackUrl === undefined ? null : { url: fallbackUrl, method: form.method('FallbackMethod') },
    statusCallback:
      statusUrl === undefined
        ? null
        : {
            url: statusUrl,
            method: form.method('StatusCallbackMethod'),
            events: new Set(events.length > 0 ? events : ['completed']),
          },
    ringTimeoutMs: ringSeconds * 1000,
    timeLimitMs: (limitSeconds ?? TIME_LIMIT_SECONDS.default) * 1000,
    // Digits after the answer and machine detection exclude each other; the digits win.
    machineDetection: sendDigits === null ? readMachineDetection(form) : null,
    sendDigits,
  }
}

/** `Url` wins over `Twiml`; one of them there must be. Also used by updates of a live call. */
export function readInstructions(form: Form): Source {
  const url = form.url('Url', 21205)
  if (url !== undefined) return { kind: 'url', url, method: form.method('Method') }
  const twiml = form.text('Twiml')
  if (twiml === undefined) throw new RestError(400, 21205, 'Url parameter is required.')
  if (twiml.length > 4000) throw new RestError(400, 32018, 'Twiml is longer than 4000 characters')
  return { kind: 'inline', twiml }
}

function readMachineDetection(form: Form): MachineDetection | null {
  const mode = form.text('MachineDetection')
  if (mode === undefined) return null
  if (mode !== 'Enable' && mode !== 'DetectMessageEnd') {
    throw new RestError(400, 21207, `MachineDetection is invalid: ${mode}`)
  }
  const bounds = (min: number, max: number) => ({ min, max, code: 21234 })
  const callback = form.url('AsyncAmdStatusCallback', 21609)
  const timeoutSeconds = form.integer('MachineDetectionTimeout', bounds(3, 59))
  return {
    mode,
    isAsync: form.boolean('AsyncAmd') ?? false,
    callback:
      callback === undefined ? null : { url: callback, method: form.method('AsyncAmdStatusCallbackMethod') },
    timeoutMs: timeoutSeconds === undefined ? MACHINE_DETECTION_DEFAULTS.timeoutMs : timeoutSeconds * 1000,
    speechThresholdMs:
      form.integer('MachineDetectionSpeechThreshold', bounds(1000, 6000)) ??
      MACHINE_DETECTION_DEFAULTS.speechThresholdMs,
    speechEndThresholdMs:
      form.integer('MachineDetectionSpeechEndThreshold', bounds(500, 5000)) ??
      MACHINE_DETECTION_DEFAULTS.speechEndThresholdMs,
    silenceTimeoutMs:
      form.integer('MachineDetectionSilenceTimeout', bounds(2000, 10_000)) ??
      MACHINE_DETECTION_DEFAULTS.silenceTimeoutMs,
  }
}
