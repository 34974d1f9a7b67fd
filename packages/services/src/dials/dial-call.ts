/**
 * Placing a call. A carrier's create is not idempotent and takes no key of ours, so the rule is: write down the intent, then ask. Whoever comes
 * later and finds an intent without a result looks at the carrier before asking again.
 *
 *   no intent            → intent, ask
 *   taken                → the first carrier id that shows is the call's; another one is hung up
 *   refused              → the call fails with the reason the refusal stands for
 *   too many requests,
 *   never sent           → nothing happened: intent withdrawn, ask again soon
 *   outcome unknown      → look the call up: found, adopt it; nothing to be seen for 30 s, ask again; unclear which call it is, fail
 *
 * Before any of that a call must be let through its organization's queue (`limits`), and the dial policy and the day's budget are asked. Whatever of
 * these cannot be answered stops the dial.
 *
 * Carrier callbacks name the call in their URL and may settle any of this first; every step therefore begins by looking at the call.
 */
import { AppError, CarrierError, maskPhoneNumber } from '@phonevoice/base'
import type { CarrierCall, CarrierClient, CarrierRefusal } from '@phonevoice/carriers/contract'
import type { EndedReason } from '@phonevoice/contracts'
import { storedSettings } from '../assistants/to-assistant.ts'
import type { CallRow } from '../calls/call-row.ts'
import { findCall } from '../calls/call-row.ts'
import { failCall } from '../calls/fail-call.ts'
import { recordCarrierStatus } from '../calls/record-carrier-status.ts'
import type { ServiceContext } from '../context.ts'
import { mayDial, toHours } from '../dial-policy/index.ts'
import { hasBudget } from '../limits/budget.ts'
import { admitCalls } from '../limits/index.ts'
import { QUEUE_TIMEOUT_SECONDS } from '../limits/limits.ts'
import { reserveNode } from '../media-nodes/reserve-node.ts'
import { DONE, type Step, type Work } from '../work/index.ts'
import { countRivals, ownedCarrierCalls, writeIntent } from './dial-intent.ts'

/** The carrier's own limit stands behind ours: reached first, it would cut the goodbye off. */
const CARRIER_LIMIT_SLACK_SECONDS = 30
/** After an unknown outcome: how long nothing must have shown before the number is dialled again. */
export const SILENCE_BEFORE_REDIAL_MS = 30_000
/** A call that waits is let through by whoever makes room; this is how often it looks for itself. */
const LOOK_AGAIN_MS = 5000
/** From when it left the queue: after this long a call that was tried is not tried again. */
export const DIAL_GIVE_UP_MS = 180_000

/** A carrier as the dialler needs it. */
export interface DialCarrier {
  client: CarrierClient
  refusalOf(error: CarrierError): CarrierRefusal
  /** True when the carrier may have done what was asked although it answered with this error. */
  isOutcomeUnknown(error: CarrierError): boolean
}

export interface DialInput {
  work: Work
  /** The carrier that connects this call. May throw `carrier_not_configured`. */
  carrierOf(call: CallRow): Promise<DialCarrier>
  /** Lets waiting calls through, this one among them if there is room. Default: asks for itself alone. */
  admit?: () => Promise<void>
}

/** Brings a dial one step on. Does not throw for what carriers do. */
export async function dialCall(ctx: ServiceContext, input: DialInput): Promise<Step> {
  const call = await findCall(ctx, input.work.callId)
  if (!call || !needsDial(call)) return DONE
  let carrier: DialCarrier
  try {
    carrier = await input.carrierOf(call)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'carrier_not_configured') throw error
    return await fail(ctx, call, 'carrier_not_configured', null)
  }
  const dial: Dial = {
    ctx,
    call,
    carrier,
    work: input.work,
    admit: input.admit ?? (async () => void (await admitCalls(ctx))),
    ageMs: ctx.clock.now() - (call.dialedAt ?? call.createdAt).getTime(),
  }
  if (dial.work.intentAtMs !== null) return await lookUp(dial, dial.work.intentAtMs)
  if (call.endingReason !== null) return await fail(ctx, call, 'canceled', null)
  if (call.status === 'queued' && queueExpiresAtMs(call) <= ctx.clock.now())
    return await fail(ctx, call, 'queue_expired', null)
  return await place(dial)
}

interface Dial {
  ctx: ServiceContext
  call: CallRow
  carrier: DialCarrier
  work: Work
  admit: () => Promise<void>
  /** since the call left the queue. */
  ageMs: number
}

const needsDial = (call: CallRow): boolean =>
  (call.status === 'queued' || call.status === 'dialing') && call.carrierCallId === null

async function place(dial: Dial): Promise<Step> {
  const { ctx, call, carrier, work } = dial
  const refusal = await mayDial(ctx, { ...call, callingHours: toHours(call.callingHours) })
  if (refusal) return await fail(ctx, call, refusal.reason, null)
  if (call.status === 'queued') return await leaveQueue(dial)
  if (!(await hasBudget(ctx, call))) return await fail(ctx, call, 'budget_exhausted', null)
  // Whoever has lost the lease must not dial: the new holder sees no intent of theirs.
  if (!(await writeIntent(ctx, work, ctx.clock.now()))) return DONE

  let placed: CarrierCall
  try {
    placed = await carrier.client.placeCall({
      to: call.phoneNumber,
      from: call.fromNumber,
      answerUrl: callbackUrl(dial, 'answer'),
      statusUrl: callbackUrl(dial, 'status'),
      ringTimeoutSeconds: call.ringTimeoutSeconds,
      maxDurationSeconds: call.maxDurationSeconds + CARRIER_LIMIT_SLACK_SECONDS,
      machineDetectionUrl: storedSettings(call.assistant).voicemail.hang_up
        ? callbackUrl(dial, 'machine')
        : null,
    })
  } catch (error) {
    if (!(error instanceof CarrierError)) throw error
    return await afterFailure(dial, error)
  }
  return await adopt(dial, placed)
}

async function leaveQueue(dial: Dial): Promise<Step> {
  const { ctx, call } = dial
  await dial.admit()
  const now = await findCall(ctx, call.id)
  if (!now || !needsDial(now)) return DONE
  if (now.endingReason !== null) return retryIn(ctx, 0)
  if (now.status === 'queued')
    return { nextAtMs: Math.min(ctx.clock.now() + LOOK_AGAIN_MS, queueExpiresAtMs(now)) }
  return await place({ ...dial, call: now, ageMs: 0 })
}

function queueExpiresAtMs(call: CallRow): number {
  return call.queueExpiresAt?.getTime() ?? call.createdAt.getTime() + QUEUE_TIMEOUT_SECONDS * 1000
}

async function afterFailure(dial: Dial, error: CarrierError): Promise<Step> {
  const { ctx, call, carrier, work } = dial
  const fields = {
    callId: call.id,
    category: error.category,
    vendorCode: error.vendorCode ?? null,
    customer: { to: maskPhoneNumber(call.phoneNumber) },
  }
  if (carrier.isOutcomeUnknown(error)) {
    ctx.log.warn('A dial has an unknown outcome', { ...fields, error })
    return retryIn(ctx, 2000)
  }
  const refusal = carrier.refusalOf(error)
  const mayTryAgain = refusal === 'busy' || error.retryable
  if (mayTryAgain && dial.ageMs < DIAL_GIVE_UP_MS) {
    await writeIntent(ctx, work, null)
    return retryIn(ctx, Math.min(500 * 2 ** Math.min(work.attempt, 10), 10_000))
  }
  ctx.log.warn('A dial was refused', fields)
  return await fail(ctx, call, REASONS[refusal], error.vendorCode ?? null)
}

const REASONS: Readonly<Record<CarrierRefusal, EndedReason>> = {
  'invalid-number': 'invalid_number',
  unreachable: 'unreachable',
  blocked: 'destination_blocked',
  'caller-id': 'carrier_not_configured',
  account: 'carrier_not_configured',
  busy: 'carrier_error',
  other: 'carrier_error',
}

/** There was an intent and nobody knows what became of it. */
async function lookUp(dial: Dial, intentAtMs: number): Promise<Step> {
  const { ctx, call, carrier, work } = dial
  let found: CarrierCall[]
  try {
    found = await carrier.client.findCalls({
      to: call.phoneNumber,
      from: call.fromNumber,
      createdAfterMs: intentAtMs - 1000,
    })
  } catch (error) {
    if (!(error instanceof CarrierError)) throw error
    // Without a look nothing can be said; dialling blindly could ring a phone twice.
    if (dial.ageMs > DIAL_GIVE_UP_MS) return await fail(ctx, call, 'carrier_error', error.vendorCode ?? null)
    return retryIn(ctx, 5000)
  }
  const owned = await ownedCarrierCalls(
    ctx,
    found.map((one) => one.carrierCallId),
  )
  const candidates = found.filter((one) => !owned.has(one.carrierCallId))
  const [candidate] = candidates
  // The oldest belongs to the first intent; with another call of ours between the same numbers in doubt, only a callback can tell which is whose.
  const isClear = candidate !== undefined && (await countRivals(ctx, call)) === 0
  if (candidate && isClear) return await adopt(dial, candidates.at(-1) ?? candidate)

  const silentMs = ctx.clock.now() - intentAtMs
  if (silentMs < SILENCE_BEFORE_REDIAL_MS) return retryIn(ctx, 3000)
  if (call.endingReason !== null) return await fail(ctx, call, 'canceled', null)
  if (candidate || dial.ageMs > DIAL_GIVE_UP_MS) return await fail(ctx, call, 'carrier_error', null)
  await writeIntent(ctx, work, null)
  return await place(dial)
}

/** The carrier has taken the call. If the call wants none any more, or has another, this one is hung up. */
async function adopt(dial: Dial, placed: CarrierCall): Promise<Step> {
  const { ctx, call, carrier } = dial
  const { carrierCallId } = placed
  const reported = await recordCarrierStatus(ctx, {
    callId: call.id,
    carrierCallId,
    status: placed.status,
    carrierCode: null,
    atMs: ctx.clock.now(),
    durationSeconds: placed.durationSeconds,
  })
  if (reported.hangUp === null) {
    await reserveNode(ctx, { callId: call.id })
    return DONE
  }
  // Work for it has been written; this only saves the callee some ringing.
  await carrier.client.hangUp(reported.hangUp).catch((error: unknown) => {
    ctx.log.warn('A call at the carrier could not be hung up at once', {
      callId: call.id,
      carrierCallId,
      error,
    })
  })
  return DONE
}

async function fail(
  ctx: ServiceContext,
  call: CallRow,
  reason: EndedReason,
  carrierCode: string | null,
): Promise<Step> {
  await failCall(ctx, { callId: call.id, reason, carrierCode })
  return DONE
}

function retryIn(ctx: ServiceContext, delayMs: number): Step {
  return { nextAtMs: ctx.clock.now() + delayMs }
}

/** The carrier keeps no tag of ours, so its callbacks carry the call and the dial in their URL. */
function callbackUrl({ ctx, call, work }: Dial, hook: 'answer' | 'status' | 'machine'): string {
  const query = new URLSearchParams({ call: call.id, dial: String(work.attempt) })
  return `${ctx.settings.apiOrigin}/carriers/twilio/${hook}?${query}`
}
