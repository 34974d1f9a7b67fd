import { enterClosed, enterClosing } from '../call.ts'
import { areSpansSettled, enterPausing, takeSettledSpans } from '../caller.ts'
import type { Draft } from '../state.ts'
import type { EndReason } from '../types.ts'
import { dropThought } from './early-thinking.ts'
import { cutResponse, finishCallerUtterance } from './finish-response.ts'
import { finishDigits } from './keypad.ts'
import { say } from './respond.ts'

/** The last words of the caller are waited for this long once everything else is over. */
const lastTranscriptMs = 1500

/** Ends the call for a reason: stops the agent, says goodbye if there are words for it. A call that is ending already keeps its reason. */
export function endCall(draft: Draft, reason: EndReason, goodbye: string | null): void {
  const { call } = draft
  if (call.name === 'connecting') enterClosed(draft, reason)
  if (call.name !== 'live') return
  enterClosing(draft, reason, goodbye)
  cutResponse(draft)
}

/** The caller is gone: nothing can be heard any more, and nothing more will be said. */
export function onCarrierStopped(draft: Draft): void {
  const { call } = draft
  call.isMute = true
  if (call.name === 'closing') {
    call.goodbye = null
    cutResponse(draft)
  } else endCall(draft, 'caller_hung_up', null)
}

/** The goodbye has not been heard in time: the call ends without it. */
export function onGoodbyeTimeout(draft: Draft): void {
  const { call } = draft
  call.goodbyeAtMs = null
  if (call.name === 'live') enterClosing(draft, 'assistant_ended', null)
  cutResponse(draft)
}

/** Takes a closing call as far as it can go: goodbye, the caller's last words, the end. */
export function considerEnd(draft: Draft): void {
  const { agent, call, caller, nowMs } = draft
  if (call.name === 'closing') dropThought(draft)
  if (call.name !== 'closing' || agent.name !== 'idle') return
  const { goodbye } = call
  if (goodbye !== null) {
    call.goodbye = null
    say(draft, 'goodbye', [goodbye])
    if (draft.agent.response !== null) return
  }
  if (caller.name === 'speaking') enterPausing(draft, nowMs)
  if (!areSpansSettled(caller)) {
    const latestMs = nowMs + lastTranscriptMs
    caller.spans = caller.spans.map((span) =>
      span.deadlineMs === null || span.deadlineMs <= latestMs ? span : { ...span, deadlineMs: latestMs },
    )
    return
  }
  finishCallerUtterance(draft, takeSettledSpans(draft))
  finishDigits(draft)
  enterClosed(draft, call.reason ?? 'caller_hung_up')
}
