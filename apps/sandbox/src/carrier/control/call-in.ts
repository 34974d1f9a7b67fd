import type { Scenario } from '../../phones/scenario.ts'
import { Call } from '../call.ts'
import type { CarrierState } from '../carrier-state.ts'
import { newSid } from '../sid.ts'
import { ControlError } from './control-error.ts'

/** A simulated phone calls one of the accounts' numbers. */
export function callIn(
  state: CarrierState,
  request: { from: string; to: string; scenario: Scenario | null },
): Call {
  const number = state.numbers.findByPhoneNumber(request.to)
  if (!number) throw new ControlError(404, `No account owns ${request.to}.`)
  const scenario = request.scenario ?? state.phones.find(request.from)
  if (!scenario)
    throw new ControlError(422, `There is no phone behind ${request.from}, and no scenario was given.`)
  const nowMs = state.services.timers.now()
  const call = new Call({
    record: {
      sid: newSid('CA'),
      accountSid: number.accountSid,
      to: request.to,
      from: request.from,
      direction: 'inbound',
      phoneNumberSid: number.sid,
      status: 'ringing',
      createdAtMs: nowMs,
      updatedAtMs: nowMs,
      startedAtMs: null,
      answeredAtMs: null,
      endedAtMs: null,
      endCause: null,
      answeredBy: null,
    },
    plan: {
      instructions:
        number.voiceUrl === '' ? null : { kind: 'url', url: number.voiceUrl, method: number.voiceMethod },
      fallback:
        number.voiceFallbackUrl === ''
          ? null
          : { url: number.voiceFallbackUrl, method: number.voiceFallbackMethod },
      // A number's callback is told about the end only.
      statusCallback:
        number.statusCallback === ''
          ? null
          : {
              url: number.statusCallback,
              method: number.statusCallbackMethod,
              events: new Set(['completed']),
            },
      ringTimeoutMs: 60_000,
      timeLimitMs: 14_400_000,
      machineDetection: null,
      sendDigits: null,
    },
    scenario,
    authToken: state.accounts.get(number.accountSid)!,
    services: state.services,
  })
  state.calls.add(call)
  call.start()
  return call
}
