import { CALL_STATUSES, ENDED_REASONS, type EndedReason, FINAL_CALL_STATUSES } from '@phonevoice/contracts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type EndingFacts, endingOf, finalStatus } from './ending.ts'
import { hasReached } from './transitions.ts'

const facts = (patch: Partial<EndingFacts>): EndingFacts => ({
  wasAnswered: false,
  endingReason: null,
  carrierStatus: 'failed',
  carrierCode: null,
  ...patch,
})

describe('endingOf', () => {
  it.each([
    ['completed', null, true, 'completed', 'caller_hung_up'],
    ['failed', null, true, 'failed', 'carrier_error'],
    ['busy', null, false, 'busy', 'busy'],
    ['no-answer', '487', false, 'no_answer', 'no_answer'],
    ['canceled', null, false, 'canceled', 'canceled'],
    ['failed', null, false, 'failed', 'unreachable'],
    ['failed', '404', false, 'failed', 'unreachable'],
    ['failed', '603', false, 'failed', 'rejected'],
    ['failed', '486', false, 'busy', 'busy'],
    ['failed', '484', false, 'failed', 'invalid_number'],
    ['failed', '21211', false, 'failed', 'invalid_number'],
    ['failed', '503', false, 'failed', 'carrier_error'],
    ['failed', '31000', false, 'failed', 'carrier_error'],
  ] as const)(
    'reads %s with code %s, answered: %s',
    (carrierStatus, carrierCode, wasAnswered, status, endedReason) => {
      expect(endingOf(facts({ carrierStatus, carrierCode, wasAnswered }))).toEqual({ status, endedReason })
    },
  )

  it('puts our own reason before the report of the carrier', () => {
    const ending = { carrierStatus: 'completed', wasAnswered: true } as const
    expect(endingOf(facts({ ...ending, endingReason: 'api_ended' }))).toEqual({
      status: 'completed',
      endedReason: 'api_ended',
    })
    expect(endingOf(facts({ ...ending, endingReason: 'llm_failed' }))).toEqual({
      status: 'failed',
      endedReason: 'llm_failed',
    })
    expect(endingOf(facts({ carrierStatus: 'no-answer', endingReason: 'canceled' }))).toEqual({
      status: 'canceled',
      endedReason: 'canceled',
    })
  })

  it('always ends in a final status', () => {
    const reasons = fc.constantFrom(...(Object.keys(ENDED_REASONS) as EndedReason[]))
    fc.assert(
      fc.property(reasons, fc.boolean(), (reason, wasAnswered) => {
        expect(FINAL_CALL_STATUSES.has(finalStatus(reason, wasAnswered))).toBe(true)
      }),
    )
  })
})

describe('hasReached', () => {
  it('orders the statuses as the contract lists them, with all ends alike', () => {
    const steps = CALL_STATUSES.filter((status) => !FINAL_CALL_STATUSES.has(status))
    for (const [i, status] of steps.entries())
      for (const [j, other] of steps.entries()) expect(hasReached({ status }, other)).toBe(i >= j)
    for (const end of FINAL_CALL_STATUSES)
      for (const other of CALL_STATUSES) expect(hasReached({ status: end }, other)).toBe(true)
  })
})
