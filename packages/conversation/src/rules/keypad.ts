import { areSpansSettled, takeSettledSpans } from '../caller.ts'
import type { Draft } from '../state.ts'
import { finishUtterance } from '../state.ts'
import { cutResponse, finishCallerUtterance } from './finish-response.ts'
import { canGiveWay, isInterruptible } from './interruption.ts'
import { startAnswer } from './respond.ts'

/** Keys kept while a finished number waits to be answered. */
const longestNumber = 64

/**
 * Keys are a turn of the caller: collected until the terminator, the longest allowed number or a pause, then answered like words. A key interrupts
 * the agent at once; where that is not allowed the keys wait until it has finished. The terminator itself is not part of the number, unless it is
 * all there is.
 */
export function onKey(draft: Draft, digit: string): void {
  const { call, caller, settings, nowMs } = draft
  if (call.name !== 'live') return
  if (canGiveWay(draft) || (draft.agent.name !== 'thinking' && isInterruptible(draft))) cutResponse(draft)
  caller.digitsToMs = nowMs
  if (caller.areDigitsDone) {
    // A further key while a finished number waits for the agent belongs to that number.
    if (caller.digits.length < longestNumber) caller.digits += digit
    return
  }
  const { terminator, maxDigits, timeoutMs } = settings.keypad
  if (caller.digits === '') caller.digitsFromMs = nowMs
  const isTerminator = digit === terminator
  if (!isTerminator || caller.digits === '') caller.digits += digit
  caller.areDigitsDone = isTerminator || caller.digits.length >= maxDigits
  caller.keypadAtMs = nowMs + timeoutMs
}

/** The keypad timer: no further key is expected. */
export function onKeypadTimeout(draft: Draft): void {
  draft.caller.areDigitsDone = true
}

/** Answers a finished number as soon as nobody speaks. Words said before it go first. */
export function considerKeypad(draft: Draft): void {
  const { agent, call, caller } = draft
  if (call.name !== 'live' || !caller.areDigitsDone || agent.name !== 'idle') return
  if (caller.name === 'speaking' || !areSpansSettled(caller)) return
  call.reprompts = 0
  finishCallerUtterance(draft, takeSettledSpans(draft))
  finishDigits(draft)
  if (!call.isSilenced) startAnswer(draft, [])
}

/** Writes the keys pressed down as an utterance, if there are any. */
export function finishDigits(draft: Draft): void {
  const { caller } = draft
  const { digits, digitsFromMs, digitsToMs } = caller
  caller.digits = ''
  caller.areDigitsDone = false
  caller.keypadAtMs = null
  if (digits === '') return
  finishUtterance(draft, {
    role: 'user',
    text: digits,
    textPlanned: null,
    interrupted: false,
    cutOffsetMs: null,
    startMs: digitsFromMs,
    endMs: digitsToMs,
    isKeypad: true,
  })
}
