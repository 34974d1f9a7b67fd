/**
 * Test-only: a media side that plays by the rules, on a clock of its own. It owns the timers, speaks clauses at a fixed rate and reports what was
 * heard, lets a model answer token by token, and recognises what the scripted caller says. The caller hears words; `heard` is what reached the ear,
 * to be compared with what the machine wrote down.
 */
import type { ConversationState } from './state.ts'
import { createConversation } from './state.ts'
import { step } from './step.ts'
import { deepFreeze } from './transcript-test.ts'
import type {
  ConversationEffect,
  ConversationEvent,
  ConversationSettings,
  EndReason,
  FinishedUtterance,
  HistoryMessage,
  ResponseId,
  TimerName,
} from './types.ts'

export interface SimulationOptions {
  settings: ConversationSettings
  /** What the model answers, by the messages it was sent; streamed word by word. */
  answer: (messages: readonly HistoryMessage[]) => string
  /** What the caller does, in order of time. */
  script: readonly CallerAction[]
  /** How long the recogniser takes after a commit. */
  recogniserMs?: number
  /** The call is watched this long. */
  untilMs: number
}

export type CallerAction =
  /** Speaks for a while; `text` is what the recogniser makes of it. Its first half is sent as a partial on the way. */
  | { atMs: number; action: 'speak'; durationMs: number; text: string }
  | { atMs: number; action: 'press'; digit: string }
  | { atMs: number; action: 'hang-up' }

export interface Simulation {
  utterances: readonly FinishedUtterance[]
  /** Words that reached the caller's ear, in order; a word repeated after a pause is there twice. */
  heard: readonly string[]
  requests: readonly (readonly HistoryMessage[])[]
  endedBecause: EndReason | null
  state: ConversationState
}

const msPerWord = 200
const hangoverMs = 200
const modelFirstMs = 150
const modelMsPerWord = 15
const voiceFirstMs = 80

interface PlayingClause {
  responseId: ResponseId
  clauseId: number
  words: readonly string[]
  fromMs: number
  readyAtMs: number
  startedAtMs: number | null
}

export function simulate(options: SimulationOptions): Simulation {
  const { recogniserMs = 150 } = options
  let nowMs = 0
  let serial = 0
  let state = createConversation(options.settings)
  let planned: { atMs: number; order: number; event: () => ConversationEvent | null }[] = []
  const timers = new Map<TimerName, number>()
  const utterances: FinishedUtterance[] = []
  const heard: string[] = []
  const requests: (readonly HistoryMessage[])[] = []
  const spoken = new Map<string, string>()
  const cancelled = new Set<ResponseId>()
  const early = new Map<ResponseId, readonly HistoryMessage[]>()
  let playing: PlayingClause[] = []
  let endedBecause: EndReason | null = null

  const plan = (atMs: number, event: () => ConversationEvent | null) =>
    planned.push({ atMs, order: serial++, event })

  function heardMsOf(clause: PlayingClause): number {
    if (clause.startedAtMs === null) return clause.fromMs
    return Math.min(clause.fromMs + nowMs - clause.startedAtMs, clause.words.length * msPerWord)
  }

  function hear(clause: PlayingClause): void {
    if (clause.startedAtMs === null) return
    // A word is heard once more than half of it was played.
    const first = Math.round(clause.fromMs / msPerWord)
    heard.push(...clause.words.slice(first, Math.round(heardMsOf(clause) / msPerWord)))
  }

  function execute(effect: ConversationEffect): void {
    if (endedBecause !== null) throw new Error(`${effect.type} after the call ended`)
    switch (effect.type) {
      case 'stt-commit': {
        const { itemId } = effect
        plan(nowMs + recogniserMs, () => ({
          type: 'transcript-final',
          itemId,
          text: spoken.get(itemId) ?? '',
        }))
        break
      }
      case 'llm-start': {
        const { responseId, messages } = effect
        if (effect.isEarly) early.set(responseId, messages)
        else requests.push(messages)
        const words = options.answer(messages).split(/(?<= )/)
        const isWanted = (event: ConversationEvent) => (cancelled.has(responseId) ? null : event)
        words.forEach((text, index) => {
          plan(nowMs + modelFirstMs + index * modelMsPerWord, () =>
            isWanted({ type: 'llm-delta', responseId, text }),
          )
        })
        const endMs = nowMs + modelFirstMs + words.length * modelMsPerWord
        plan(endMs, () => isWanted({ type: 'llm-finished', responseId }))
        break
      }
      case 'llm-cancel':
        cancelled.add(effect.responseId)
        break
      case 'clause-speak': {
        const { responseId, clauseId, text, fromMs } = effect
        const words = text.split(' ')
        playing.push({
          responseId,
          clauseId,
          words,
          fromMs,
          readyAtMs: nowMs + voiceFirstMs,
          startedAtMs: null,
        })
        break
      }
      case 'llm-adopt':
        requests.push(early.get(effect.responseId) ?? [])
        break
      case 'playback-clear': {
        const { responseId } = effect
        const clauses = playing.map((clause) => ({
          clauseId: clause.clauseId,
          heardMs: heardMsOf(clause),
          durationMs: clause.words.length * msPerWord,
        }))
        for (const clause of playing) hear(clause)
        playing = []
        feedBack.push({ type: 'playback-cleared', responseId, clauses })
        break
      }
      case 'timer-set':
        timers.set(effect.timer, nowMs + effect.delayMs)
        break
      case 'timer-cancel':
        timers.delete(effect.timer)
        break
      case 'utterance-finish':
        utterances.push(effect.utterance)
        break
      case 'call-end':
        endedBecause = effect.reason
        break
    }
  }

  const feedBack: ConversationEvent[] = []
  function feed(event: ConversationEvent): void {
    feedBack.push(event)
    for (let next = feedBack.shift(); next !== undefined; next = feedBack.shift()) {
      const result = step(deepFreeze(state), next, nowMs)
      state = result.state
      for (const effect of result.effects) execute(effect)
    }
  }

  for (const act of options.script) {
    if (act.action === 'press') plan(act.atMs, () => ({ type: 'key-pressed', digit: act.digit }))
    else if (act.action === 'hang-up') plan(act.atMs, () => ({ type: 'carrier-stopped' }))
    else {
      const endMs = act.atMs + act.durationMs
      let itemId = ''
      plan(act.atMs + 60, () => {
        itemId = `i${state.caller.items + 1}`
        spoken.set(itemId, act.text)
        return { type: 'speech-started', atMs: act.atMs }
      })
      const half = act.text.slice(0, act.text.lastIndexOf(' ', act.text.length / 2 + 4))
      if (act.text !== '') {
        plan(act.atMs + act.durationMs / 2 + 100, () => ({ type: 'transcript-partial', itemId, text: half }))
      }
      plan(endMs + hangoverMs, () => ({ type: 'speech-stopped', atMs: endMs }))
    }
  }

  feed({ type: 'call-started', history: [], resumed: false })
  while (endedBecause === null) {
    const current = playing[0]
    const clauseAtMs = current === undefined ? Number.POSITIVE_INFINITY : nextOf(current)
    const next = planned.toSorted((one, other) => one.atMs - other.atMs || one.order - other.order)[0]
    const timer = [...timers].toSorted((one, other) => one[1] - other[1])[0]
    const atMs = Math.min(
      clauseAtMs,
      next?.atMs ?? Number.POSITIVE_INFINITY,
      timer?.[1] ?? Number.POSITIVE_INFINITY,
    )
    if (atMs > options.untilMs) break
    nowMs = Math.max(nowMs, atMs)
    if (current !== undefined && clauseAtMs <= atMs) {
      const { responseId, clauseId } = current
      if (current.startedAtMs === null) {
        current.startedAtMs = nowMs
        feed({ type: 'clause-started', responseId, clauseId })
      } else {
        hear(current)
        playing.shift()
        feed({ type: 'clause-played', responseId, clauseId })
      }
    } else if (next !== undefined && next.atMs <= atMs) {
      planned = planned.filter((candidate) => candidate !== next)
      const event = next.event()
      if (event !== null) feed(event)
    } else if (timer !== undefined) {
      timers.delete(timer[0])
      feed({ type: 'timer-fired', timer: timer[0] })
    }
  }
  return { utterances, heard, requests, endedBecause, state }

  function nextOf(clause: PlayingClause): number {
    if (clause.startedAtMs === null) return Math.max(nowMs, clause.readyAtMs)
    return clause.startedAtMs + clause.words.length * msPerWord - clause.fromMs
  }
}
