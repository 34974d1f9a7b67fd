/** How a call has ended, from what the carrier reports and what our side wanted. Pure. */
import { type CallStatus, ENDED_REASONS, type EndedReason } from '@phonevoice/contracts'

/** A carrier status after which nothing follows. */
export type FinalCarrierStatus = 'completed' | 'busy' | 'no-answer' | 'failed' | 'canceled'

export interface EndingFacts {
  /** The call was in progress. */
  wasAnswered: boolean
  /** Why our side was ending it; null: it was not. */
  endingReason: EndedReason | null
  carrierStatus: FinalCarrierStatus
  /** The carrier's own code: a SIP response (three digits) or a Twilio error (five). */
  carrierCode: string | null
}

export interface Ending {
  status: CallStatus
  endedReason: EndedReason
}

/** Our own reason goes before the carrier's report: the carrier only says that the line is down. */
export function endingOf(facts: EndingFacts): Ending {
  const endedReason = facts.endingReason ?? reportedReason(facts)
  return { status: finalStatus(endedReason, facts.wasAnswered), endedReason }
}

/**
 * The status for a reason. An answered call is `completed`, unless something of ours, the carrier's or a vendor's broke it: then `failed`, so that a
 * list filtered by status shows what went wrong.
 */
export function finalStatus(reason: EndedReason, wasAnswered: boolean): CallStatus {
  if (wasAnswered) {
    const { category } = ENDED_REASONS[reason]
    return category === 'carrier' || category === 'provider' || category === 'platform'
      ? 'failed'
      : 'completed'
  }
  if (reason === 'busy' || reason === 'no_answer' || reason === 'canceled') return reason
  return 'failed'
}

function reportedReason(facts: EndingFacts): EndedReason {
  if (facts.wasAnswered) return facts.carrierStatus === 'failed' ? 'carrier_error' : 'caller_hung_up'
  switch (facts.carrierStatus) {
    case 'busy':
      return 'busy'
    case 'no-answer':
      return 'no_answer'
    case 'canceled':
      return 'canceled'
    case 'completed':
    case 'failed':
      return failureReason(facts.carrierCode)
  }
}

/** SIP responses (RFC 3261 §21, RFC 8197, RFC 8688) and the Twilio errors that say something about the number. */
const CODES: Readonly<Record<string, EndedReason>> = {
  403: 'rejected',
  404: 'unreachable',
  408: 'no_answer',
  410: 'unreachable',
  480: 'unreachable',
  484: 'invalid_number',
  486: 'busy',
  487: 'no_answer',
  600: 'busy',
  603: 'rejected',
  604: 'unreachable',
  607: 'rejected',
  608: 'rejected',
  13223: 'invalid_number',
  13224: 'invalid_number',
  13225: 'destination_blocked',
  13227: 'destination_blocked',
  21211: 'invalid_number',
  21214: 'unreachable',
  21215: 'destination_blocked',
  21216: 'destination_blocked',
  21217: 'invalid_number',
}

/** Without a code a failed call was one that could not be routed, typically to a number that nobody has. */
function failureReason(code: string | null): EndedReason {
  if (code === null || code === '') return 'unreachable'
  return CODES[code] ?? (/^4\d\d$/.test(code) ? 'unreachable' : 'carrier_error')
}
