import type { ConversationEffect, ResponseId } from '@phonevoice/conversation'
import { expectLaw, type StepFacts } from './laws.ts'

interface Voiced {
  /** Clauses asked for and neither heard nor cleared. */
  outstanding: Set<number>
  /** How much of each clause was heard at the last clear. */
  heardMs: Map<number, number>
  next: number
}

/** A resumed clause repeats at most this much. */
const repeatedMsMax = 200

/** What the caller hears belongs to the one answer that is under way, in order, and to nobody who has been told to be quiet. */
export function createAudioLaws(): (facts: StepFacts) => void {
  const voiced = new Map<ResponseId, Voiced>()
  const over = new Set<ResponseId>()
  const thoughts = new Set<ResponseId>()
  let isCallerGone = false

  function speak(responseId: ResponseId, clauseId: number, fromMs: number): void {
    expectLaw(!over.has(responseId), 'nothing is spoken of an answer that is over', { responseId, clauseId })
    expectLaw(
      !thoughts.has(responseId),
      'nothing of a thought is spoken before the turn is taken',
      responseId,
    )
    expectLaw(!isCallerGone, 'nothing is spoken once nobody hears it', responseId)
    for (const [other, { outstanding }] of voiced) {
      expectLaw(other === responseId || outstanding.size === 0, 'one answer is spoken at a time', {
        responseId,
        other,
      })
    }
    const own = voiced.get(responseId) ?? { outstanding: new Set(), heardMs: new Map(), next: 0 }
    voiced.set(responseId, own)
    expectLaw(!own.outstanding.has(clauseId), 'a clause is not spoken twice at once', {
      responseId,
      clauseId,
    })
    expectLaw(clauseId <= own.next, 'clauses are spoken in order', { responseId, clauseId, next: own.next })
    own.next = Math.max(own.next, clauseId + 1)
    const heardMs = own.heardMs.get(clauseId) ?? 0
    expectLaw(
      fromMs <= heardMs && heardMs - fromMs <= repeatedMsMax,
      'after a pause no word is lost, and at most 200 ms are repeated',
      { responseId, clauseId, heardMs, fromMs },
    )
    own.outstanding.add(clauseId)
  }

  function follow(effect: ConversationEffect): void {
    switch (effect.type) {
      case 'clause-speak':
        speak(effect.responseId, effect.clauseId, effect.fromMs)
        return
      case 'keys-play':
        speak(effect.responseId, effect.clauseId, 0)
        return
      case 'clause-prepare':
        expectLaw(thoughts.has(effect.responseId), 'only a thought is prepared', effect)
        return
      case 'llm-start':
        if (effect.isEarly) thoughts.add(effect.responseId)
        return
      case 'llm-adopt':
        thoughts.delete(effect.responseId)
        return
      case 'llm-cancel':
        if (thoughts.delete(effect.responseId)) over.add(effect.responseId)
        return
      case 'playback-clear':
        voiced.get(effect.responseId)?.outstanding.clear()
        return
      case 'turn-measure':
        expectLaw(
          (voiced.get(effect.measurement.responseId)?.outstanding.size ?? 0) === 0,
          'an answer is over when it was heard or cleared',
          effect,
        )
        over.add(effect.measurement.responseId)
        return
    }
  }

  return ({ before, event, after, effects }) => {
    if (event.type === 'carrier-stopped') isCallerGone = true
    if ('responseId' in event && 'clauseId' in event && event.type !== 'tts-failed') {
      const isCounted = before.agent.response?.id === event.responseId && before.agent.name !== 'yielding'
      if (event.type === 'clause-played' && isCounted) {
        const outstanding = voiced.get(event.responseId)?.outstanding
        for (const clauseId of outstanding ?? [])
          if (clauseId <= event.clauseId) outstanding?.delete(clauseId)
      }
    }
    if (event.type === 'playback-cleared') {
      const { yielding, response } = before.agent
      if (yielding !== null && !yielding.isCleared && response?.id === event.responseId) {
        for (const { clauseId, heardMs } of event.clauses)
          voiced.get(event.responseId)?.heardMs.set(clauseId, heardMs)
      }
    }
    if (event.type === 'timer-fired' && event.timer === 'stalled' && before.agent.name === 'speaking') {
      // Audio that began long ago is taken for heard.
      const id = before.agent.response?.id
      if (id !== undefined) voiced.get(id)?.outstanding.clear()
    }
    for (const effect of effects) follow(effect)
    // Withdrawn or finished: what was under way before and is no more will never be again.
    const gone = before.agent.response?.id
    if (gone !== undefined && gone !== after.agent.response?.id) over.add(gone)
  }
}
