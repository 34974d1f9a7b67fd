/**
 * What is always true of a conversation, whatever comes in whatever order. A law sees every step from outside: what the machine was told, what it
 * asked for, and its state before and after. Laws with a memory keep their own books, so that a mistake of the machine is not excused by its state.
 */
import type {
  ConversationEffect,
  ConversationEvent,
  ConversationSettings,
  ConversationState,
} from '@phonevoice/conversation'
import { createAudioLaws } from './audio.ts'
import { createDialogueLaws } from './dialogue.ts'
import { createRequestLaws } from './requests.ts'
import { createStateLaws } from './states.ts'
import { createTimeLaws } from './time.ts'

export interface StepFacts {
  before: ConversationState
  event: ConversationEvent
  after: ConversationState
  effects: readonly ConversationEffect[]
  nowMs: number
}

/** A law was broken; the message is the law. */
export class Violation extends Error {
  readonly detail: unknown

  constructor(law: string, detail: unknown = null) {
    super(law)
    this.name = 'Violation'
    this.detail = detail
  }
}

/** Throws a `Violation` unless the fact holds. */
export function expectLaw(holds: boolean, law: string, detail: unknown = null): void {
  if (!holds) throw new Violation(law, detail)
}

/** The laws for one stream of a call. */
export function createLaws(settings: ConversationSettings): { check(facts: StepFacts): void } {
  const checks = [
    createStateLaws(),
    createAudioLaws(),
    createRequestLaws(),
    createDialogueLaws(),
    createTimeLaws(settings),
  ]
  return {
    check(facts) {
      for (const check of checks) check(facts)
    },
  }
}
