import { longestSpeechMs } from './caller.ts'
import { earlyThinkingDueMs } from './rules/early-thinking.ts'
import { fillerDueMs } from './rules/filler.ts'
import { isInterruptible, isWithdrawable } from './rules/interruption.ts'
import type { Draft } from './state.ts'
import type { TimerName } from './types.ts'

/**
 * Timers are a function of the state: each has one place that says when it is due, or that it is not armed. Rules change the state; nobody arms or
 * cancels by hand, so no timer is left behind and none is forgotten.
 */
const dueMs: Readonly<Record<TimerName, (draft: Draft) => number | null>> = {
  'max-duration': ({ call }) => call.maxDurationAtMs,
  goodbye: ({ call }) => call.goodbyeAtMs,
  silence: ({ call, caller, agent, settings }) =>
    call.name === 'live' &&
    !call.isSilenced &&
    caller.name === 'silent' &&
    caller.digits === '' &&
    agent.name === 'idle'
      ? call.quietSinceMs + settings.silence.timeoutMs
      : null,
  'end-of-turn': ({ call, caller, agent }) => {
    if (call.name !== 'live' || agent.name !== 'idle') return null
    if (caller.name === 'speaking') return (caller.spans.at(-1)?.startMs ?? 0) + longestSpeechMs
    return caller.digits === '' ? caller.turnEndAtMs : null
  },
  'early-thinking': earlyThinkingDueMs,
  'barge-in': (draft) => {
    const { caller, agent } = draft
    const isListened = isWithdrawable(draft) || (agent.name === 'speaking' && isInterruptible(draft))
    return caller.name === 'speaking' && isListened ? caller.bargeInAtMs : null
  },
  pause: ({ agent }) => (agent.yielding?.fate === 'undecided' ? agent.yielding.resumeAtMs : null),
  transcript: ({ caller }) => {
    const deadlines = caller.spans.filter((span) => !span.isSettled).map((span) => span.deadlineMs)
    return deadlines.reduce(
      (least, deadline) => (least === null || (deadline !== null && deadline < least) ? deadline : least),
      null,
    )
  },
  keypad: ({ call, caller }) =>
    call.name === 'live' && caller.digits !== '' && !caller.areDigitsDone ? caller.keypadAtMs : null,
  stalled: ({ agent }) => agent.stalledAtMs,
  filler: fillerDueMs,
}

/** Brings the armed timers into line with the state. A closed call has none. */
export function settleTimers(draft: Draft): void {
  if (draft.call.name === 'closed') return
  for (const timer of Object.keys(dueMs) as TimerName[]) {
    const due = dueMs[timer](draft)
    const armed = draft.timers[timer]
    if (due === null && armed !== undefined) {
      delete draft.timers[timer]
      draft.effects.push({ type: 'timer-cancel', timer })
    } else if (due !== null && due !== armed) {
      draft.timers[timer] = due
      draft.effects.push({ type: 'timer-set', timer, delayMs: Math.max(0, due - draft.nowMs) })
    }
  }
}
