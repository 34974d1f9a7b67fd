import type { TimerName } from '@phonevoice/conversation'
import { expectLaw, type StepFacts } from './laws.ts'

/** The three machines and the thought are in states that fit each other, and the timers the media side holds are those the machine believes in. */
export function createStateLaws(): (facts: StepFacts) => void {
  const armed = new Map<TimerName, number>()
  return ({ before, event, after, effects, nowMs }) => {
    const { call, caller, agent, thinking } = after
    if (before.call.name === 'closed')
      expectLaw(effects.length === 0, 'a closed call asks for nothing', effects)
    const isClosed = effects.some(({ type }) => type === 'call-end')
    if (isClosed)
      expectLaw(effects.at(-1)?.type === 'call-end', 'the end of the call is its last effect', effects)
    expectLaw(
      (call.name === 'closed') === (before.call.name === 'closed' || isClosed),
      'a call is closed by the effect that ends it, once',
    )
    expectLaw((agent.name === 'idle') === (agent.response === null), 'an idle agent has no response')
    expectLaw((agent.name === 'yielding') === (agent.yielding !== null), 'only a yielding agent has a fate')
    if (call.name !== 'closed') {
      expectLaw((caller.name === 'silent') === (caller.spans.length === 0), 'a silent caller has no spans')
      const open = caller.spans.filter(({ endMs }) => endMs === null).length
      expectLaw(open === (caller.name === 'speaking' ? 1 : 0), 'a speaking caller has one open span')
    }
    if (thinking.thought !== null) {
      expectLaw(
        agent.name === 'idle' && call.name === 'live' && caller.name !== 'silent' && thinking.attempts <= 3,
        'a thought is nobody’s answer, and none outlives the turn it was for',
      )
    }

    if (event.type === 'timer-fired') armed.delete(event.timer)
    for (const effect of effects) {
      if (effect.type === 'timer-set') {
        expectLaw(effect.delayMs >= 0, 'a timer is set for the future', effect)
        armed.set(effect.timer, nowMs + effect.delayMs)
      }
      if (effect.type === 'timer-cancel') armed.delete(effect.timer)
    }
    // `call-end` disarms what is left.
    if (isClosed) armed.clear()
    const believed = Object.entries(after.timers)
    const isSame = believed.every(([timer, dueMs]) => {
      const atMs = armed.get(timer as TimerName)
      return atMs !== undefined && Math.abs(Math.max(dueMs, atMs) - atMs) < 1
    })
    expectLaw(
      isSame && believed.length === armed.size,
      'the timers that are armed are those the machine believes in',
      { believed: after.timers, armed: Object.fromEntries(armed) },
    )
  }
}
