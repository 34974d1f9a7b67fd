import type { ConversationEffect, ConversationEvent } from '@phonevoice/conversation'
import { openItemId } from '@phonevoice/conversation'
import type { Random } from '../random.ts'
import type { OutsideEvent } from './course.ts'
import type { StepFacts } from './laws/laws.ts'
import type { Play } from './play.ts'
import { answers, callerText } from './said.ts'
import { randomCommand, strayEvent } from './stray-events.ts'

/** What the outside of one call is like: how often each thing goes wrong, from 0 to 1. */
export interface Temper {
  /** An answer of a vendor or the carrier is lost. */
  loss: number
  /** It comes twice. */
  doubling: number
  /** It comes much later than usual. */
  lateness: number
  /** A vendor goes on with what was cancelled or cleared. */
  staleness: number
  /** Events that nothing has caused. */
  strays: number
  /** Commands, keys, hang-ups, failures for good and killed processes. */
  incidents: number
}

/** The caller, the carrier, the vendors and whoever else has a hand in a call. It reacts to effects after random delays, and makes mistakes. */
export interface World {
  react(facts: StepFacts): void
  /** The next thing that happens; null when the world has nothing in mind. */
  next(run: Play): { atMs: number; event: OutsideEvent } | null
}

interface Plan {
  atMs: number
  /** Decided at the time: null when it has become pointless. */
  event(run: Play): OutsideEvent | null
}

const msPerCharacter = 60
const hangoverMs = 200

export function createWorld(random: Random, temper: Temper): World {
  const plans: Plan[] = []
  /** The final text of each span the caller has spoken. */
  const said = new Map<string, string>()
  const cancelled = new Set<string>()
  let clears = 0
  let playingUntilMs = 0
  let sentences = 0
  let toolCalls = 0
  let originMs = 0

  const chance = (share: number): boolean => random.next() < share
  const between = (from: number, to: number): number => from + random.below(to - from)

  function plan(atMs: number, event: Plan['event']): void {
    let place = plans.length
    while (place > 0 && plans[place - 1]!.atMs > atMs) place--
    plans.splice(place, 0, { atMs, event })
  }

  /** An answer that may be lost, late or doubled. */
  function answer(atMs: number, event: Plan['event']): void {
    if (chance(temper.loss)) return
    const lateMs = chance(temper.lateness) ? between(500, 6000) : 0
    plan(atMs + lateMs, event)
    if (chance(temper.doubling)) plan(atMs + lateMs + between(0, 800), event)
  }

  function speak(fromMs: number): void {
    const text = callerText(random, sentences++)
    const isNoise = text === ''
    const durationMs = isNoise ? between(40, 4000) : between(150, 400 + text.length * 60)
    let itemId = ''
    answer(fromMs + 40, (run) => {
      // Told twice, it is still said once.
      if (itemId === '' && run.state.caller.name !== 'speaking') said.set(openItemId(run.state), text)
      itemId ||= openItemId(run.state)
      return { type: 'speech-started', atMs: fromMs }
    })
    for (let part = 1; part < 4 && !isNoise; part++) {
      const guess = text.slice(0, Math.ceil((text.length * part) / 3))
      answer(fromMs + Math.round((durationMs * part) / 3) + between(100, 700), () => ({
        type: 'transcript-partial',
        itemId,
        text: guess,
      }))
    }
    if (chance(0.2)) {
      const signal = random.pick(['started', 'eager-end', 'resumed', 'end', null] as const)
      answer(fromMs + between(0, durationMs + 500), () => ({ type: 'turn-signal', signal }))
    }
    answer(fromMs + durationMs + hangoverMs, () => ({ type: 'speech-stopped', atMs: fromMs + durationMs }))
  }

  function stream(responseId: string, fromMs: number): void {
    const wanted = (event: ConversationEvent) => () =>
      cancelled.has(responseId) && !chance(temper.staleness) ? null : event
    let atMs = fromMs + between(50, 900)
    if (chance(temper.incidents / 8)) {
      answer(atMs, wanted({ type: 'llm-failed', responseId }))
      return
    }
    const text = random.pick(answers)
    for (let at = 0; at < text.length; atMs += between(5, 60)) {
      const piece = text.slice(at, at + 1 + random.below(12))
      at += piece.length
      plan(atMs, wanted({ type: 'llm-delta', responseId, text: piece }))
      if (chance(temper.loss / 8)) {
        answer(atMs + 2000, wanted({ type: 'llm-broken-off', responseId }))
        return
      }
    }
    if (chance(0.15)) {
      const names = ['order', 'look', 'order', 'look', 'end_call', 'press_keys', 'unheard_of'] as const
      const calls = Array.from({ length: 1 + random.below(3) }, () => ({
        id: `t${++toolCalls}`,
        name: random.pick(names),
        arguments: '{"digits":"1,2"}',
      }))
      plan(atMs, wanted({ type: 'llm-tools', responseId, calls }))
    }
    answer(atMs, wanted({ type: 'llm-finished', responseId }))
  }

  function sound(responseId: string, clauseId: number, durationMs: number, nowMs: number): void {
    const startMs = Math.max(nowMs + between(20, 400), playingUntilMs)
    playingUntilMs = startMs + durationMs
    const ofClears = clears
    const heard = (type: 'clause-voiced' | 'clause-started' | 'clause-played') => () =>
      ofClears !== clears && !chance(temper.staleness) ? null : { type, responseId, clauseId }
    plan(startMs, heard('clause-voiced'))
    answer(startMs, heard('clause-started'))
    answer(playingUntilMs + between(0, 150), heard('clause-played'))
    if (chance(temper.incidents / 20)) plan(startMs, () => ({ type: 'tts-failed', responseId, clauseId }))
  }

  function clear(responseId: string, state: StepFacts['after'], nowMs: number): void {
    clears += 1
    playingUntilMs = nowMs
    const response = state.agent.response
    const clauses = (response?.id === responseId ? response.clauses : []).map(
      ({ clauseId, text, isPlayed }) => {
        const durationMs = 1 + text.length * msPerCharacter
        const heardMs = isPlayed ? durationMs : random.pick([0, 0, random.below(durationMs), durationMs])
        return { clauseId, heardMs, durationMs: heardMs < durationMs && chance(0.2) ? null : durationMs }
      },
    )
    // The snapshot is taken at once; only a broken media side is late or says nothing.
    answer(nowMs, () => ({ type: 'playback-cleared', responseId, clauses }))
  }

  function react(effect: ConversationEffect, state: StepFacts['after'], nowMs: number): void {
    switch (effect.type) {
      case 'stt-commit': {
        const { itemId } = effect
        const text = said.get(itemId) ?? ''
        const isFailed = chance(temper.loss)
        answer(nowMs + between(60, 900), () =>
          isFailed ? { type: 'transcript-failed', itemId } : { type: 'transcript-final', itemId, text },
        )
        return
      }
      case 'llm-start':
        cancelled.delete(effect.responseId)
        stream(effect.responseId, nowMs)
        return
      case 'llm-cancel':
        cancelled.add(effect.responseId)
        return
      case 'clause-speak': {
        const wholeMs = 1 + effect.text.length * msPerCharacter
        sound(effect.responseId, effect.clauseId, Math.max(1, wholeMs - effect.fromMs), nowMs)
        return
      }
      case 'clause-prepare': {
        const { responseId, clauseId } = effect
        plan(nowMs + between(20, 400), () => ({ type: 'clause-voiced', responseId, clauseId }))
        return
      }
      case 'keys-play':
        sound(effect.responseId, effect.clauseId, effect.digits.length * 200, nowMs)
        return
      case 'playback-clear':
        clear(effect.responseId, state, nowMs)
        return
      case 'tool-run': {
        const { id } = effect.call
        answer(nowMs + between(20, 6000), () => ({ type: 'tool-finished', callId: id, output: 'Done.' }))
        return
      }
    }
  }

  /** What people do of their own accord. */
  function act(nowMs: number): void {
    const atMs = nowMs + between(0, chance(0.1) ? 12_000 : 3500)
    if (chance(temper.strays)) plan(atMs, (run) => strayEvent(random, run))
    else if (chance(temper.incidents)) plan(atMs, (run) => randomCommand(random, run))
    else speak(atMs)
  }

  return {
    react({ after, effects }) {
      for (const effect of effects) react(effect, after, originMs)
    },
    next(run) {
      originMs = run.nowMs
      if (!plans.some(({ atMs }) => atMs >= run.nowMs + 1) || chance(0.02)) act(run.nowMs)
      for (let next = plans.shift(); next !== undefined; next = plans.shift()) {
        const atMs = Math.max(next.atMs, run.nowMs)
        const event = next.event(run)
        if (event !== null) return { atMs, event }
      }
      return null
    },
  }
}
