import { CarrierError, systemClock, type Timers } from '@phonevoice/base'
import type {
  CarrierAccount,
  CarrierCall,
  CarrierClient,
  CarrierNumbers,
  PlaceCallRequest,
} from '../contract/index.ts'
import { toStatus, toTime, toWholeNumber } from './callbacks.ts'
import { errorOfAnswer, errorOfFailure } from './errors.ts'

export interface TwilioClientOptions {
  /** Default: the platform's, which keeps connections alive. */
  fetch?: typeof fetch
  /** From the start of a request to the last byte of its answer. Default 10,000. */
  timeoutMs?: number
  clock?: Timers
}

/** Twilio's REST API, version 2010-04-01, as far as we use it. Every method throws `CarrierError`. */
export function createTwilioClient(
  account: CarrierAccount,
  options: TwilioClientOptions = {},
): Required<CarrierClient> & CarrierNumbers {
  const request = createRequester(account, options)

  async function update(operation: string, carrierCallId: string, form: URLSearchParams): Promise<void> {
    try {
      await request(operation, 'POST', `Calls/${encodeURIComponent(carrierCallId)}.json`, form)
    } catch (error) {
      if (error instanceof CarrierError && hasAlreadyEnded(error)) return
      throw error
    }
  }

  return {
    async placeCall(place) {
      const body = await request('place a call', 'POST', 'Calls.json', placeCallForm(place))
      return toCarrierCall(body, 'place a call')
    },

    async fetchCall(carrierCallId) {
      try {
        const body = await request('fetch a call', 'GET', `Calls/${encodeURIComponent(carrierCallId)}.json`)
        return toCarrierCall(body, 'fetch a call')
      } catch (error) {
        if (error instanceof CarrierError && error.category === 'not-found') return null
        throw error
      }
    },

    async findCalls({ to, from, createdAfterMs }) {
      // Not filtered by StartTime: a call that still waits in Twilio's queue has none, and would be missed and dialled twice.
      const query = new URLSearchParams({ To: to, From: from, PageSize: '50' })
      const body = await request('list calls', 'GET', `Calls.json?${query}`)
      const afterSecond = Math.floor(createdAfterMs / 1000) * 1000
      return readList(body, 'calls')
        .map((item) => toCarrierCall(item, 'list calls'))
        .filter((call) => call.createdAtMs === null || call.createdAtMs >= afterSecond)
        .sort(byNewest)
    },

    hangUp: (carrierCallId) => update('hang up', carrierCallId, new URLSearchParams({ Status: 'completed' })),

    redirect: (carrierCallId, url) =>
      update('redirect', carrierCallId, new URLSearchParams({ Url: url, Method: 'POST' })),

    async configureNumber(phoneNumber, { voiceUrl, statusUrl }) {
      const operation = 'configure a number'
      const query = new URLSearchParams({ PhoneNumber: phoneNumber, PageSize: '1' })
      const body = await request(operation, 'GET', `IncomingPhoneNumbers.json?${query}`)
      const [found] = readList(body, 'incoming_phone_numbers')
      const sid = found === undefined ? null : readText(found, 'sid')
      if (sid === null)
        throw new CarrierError('The number does not belong to the carrier account.', {
          vendor: 'twilio',
          operation,
          category: 'not-found',
          context: { customer: { phoneNumber } },
        })
      const form = new URLSearchParams({
        VoiceUrl: voiceUrl ?? '',
        VoiceMethod: 'POST',
        StatusCallback: statusUrl ?? '',
        StatusCallbackMethod: 'POST',
        // An application, if one is set, would override the URL.
        VoiceApplicationSid: '',
      })
      await request(operation, 'POST', `IncomingPhoneNumbers/${encodeURIComponent(sid)}.json`, form)
    },
  }
}

function placeCallForm(place: PlaceCallRequest): URLSearchParams {
  const form = new URLSearchParams({
    To: place.to,
    From: place.from,
    Url: place.answerUrl,
    Method: 'POST',
    StatusCallback: place.statusUrl,
    StatusCallbackMethod: 'POST',
    Timeout: String(place.ringTimeoutSeconds),
    TimeLimit: String(place.maxDurationSeconds),
  })
  for (const event of ['initiated', 'ringing', 'answered', 'completed'])
    form.append('StatusCallbackEvent', event)
  if (place.machineDetectionUrl !== null) {
    form.set('MachineDetection', 'DetectMessageEnd')
    form.set('AsyncAmd', 'true')
    form.set('AsyncAmdStatusCallback', place.machineDetectionUrl)
    form.set('AsyncAmdStatusCallbackMethod', 'POST')
  }
  return form
}

/** 404/20404 and 400/21220 both mean that there is no live call left to update (Calls resource, update). */
function hasAlreadyEnded(error: CarrierError): boolean {
  return error.category === 'not-found' || error.vendorCode === '21220'
}

type Requester = (
  operation: string,
  method: 'GET' | 'POST',
  path: string,
  form?: URLSearchParams,
) => Promise<unknown>

/** An answer is a few kilobytes; a page of 50 calls is under 100 KB. */
const ANSWER_CHARS_MAX = 1_000_000

function createRequester(account: CarrierAccount, options: TwilioClientOptions): Requester {
  const { fetch: send = fetch, timeoutMs = 10_000, clock = systemClock } = options
  const root = `${account.baseUrl}/2010-04-01/Accounts/${encodeURIComponent(account.accountSid)}`
  const credentials = Buffer.from(`${account.accountSid}:${account.authToken}`).toString('base64')
  return async function request(operation, method, path, form) {
    const deadline = new AbortController()
    const timer = clock.after(timeoutMs, () => deadline.abort())
    let status: number
    let text: string
    try {
      const response = await send(`${root}/${path}`, {
        method,
        headers: { authorization: `Basic ${credentials}`, accept: 'application/json' },
        signal: deadline.signal,
        // A redirect would carry the credentials elsewhere.
        redirect: 'manual',
        ...(form ? { body: form } : {}),
      })
      status = response.status
      text = await response.text()
    } catch (error) {
      throw errorOfFailure(operation, error, deadline.signal.aborted)
    } finally {
      timer.cancel()
    }
    const body = text.length > ANSWER_CHARS_MAX ? null : parseJson(text)
    if (status < 200 || status >= 300) throw errorOfAnswer(operation, status, body)
    return body
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function toCarrierCall(body: unknown, operation: string): CarrierCall {
  const carrierCallId = readText(body, 'sid')
  const status = toStatus(readText(body, 'status'))
  if (carrierCallId === null || status === null)
    throw new CarrierError('Twilio answered with something that is not a call.', {
      vendor: 'twilio',
      operation,
      category: 'unknown',
    })
  return {
    carrierCallId,
    status,
    to: readText(body, 'to') ?? '',
    from: readText(body, 'from') ?? '',
    createdAtMs: toTime(readText(body, 'date_created')),
    durationSeconds: toWholeNumber(readText(body, 'duration')),
    endedAtMs: toTime(readText(body, 'end_time')),
  }
}

function byNewest(one: CarrierCall, other: CarrierCall): number {
  return (other.createdAtMs ?? Number.POSITIVE_INFINITY) - (one.createdAtMs ?? Number.POSITIVE_INFINITY) || 0
}

function readList(body: unknown, key: string): unknown[] {
  const list = typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[key] : undefined
  return Array.isArray(list) ? list : []
}

/** Numbers where Twilio writes strings are taken too. */
function readText(body: unknown, key: string): string | null {
  const value = typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[key] : undefined
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' ? value : null
}
