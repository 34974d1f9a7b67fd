/** What a person does on the phone, again and again until they leave, and what is noted about it. */
import type { Caller, LineFigures, Spoken } from './caller.ts'
import { ANSWER_WORDS, SPOKEN_WORD_MS, type UtteranceName } from './script.ts'
import type { ChatMessage } from './stand-ins.ts'

export interface Figures extends LineFigures {
  /** End of the caller's speech to the first frame of the answer, milliseconds. */
  voiceToVoiceMs: number[]
  /** No answer came in time. */
  unanswered: number
  stops: Stop[]
  murmurs: Murmur[]
  numbers: DictatedNumber[]
}

/** An interruption. */
export interface Stop {
  /** How far into the answer. */
  afterMs: number
  /** From the beginning of the caller's speech to the end of the last frame that was played. */
  silentAfterMs: number
  /** Words the next request says were said, less those that were played; null when there was no such request. */
  contextErrorWords: number | null
}

/** Something said or done that should not interrupt. */
export interface Murmur {
  kind: 'murmur' | 'noise'
  /** Words of the answer less than half of which was heard. */
  lostWords: number
  lostMs: number
  repeatedMs: number
  pausedMs: number
}

export interface DictatedNumber {
  /** Something was heard before the caller had finished. */
  isSpokenInto: boolean
  /** Answers the caller got, by their length. */
  answers: number
}

export function newFigures(): Figures {
  return {
    gaps: 0,
    gapMs: 0,
    socketsLost: 0,
    voiceToVoiceMs: [],
    unanswered: 0,
    stops: [],
    murmurs: [],
    numbers: [],
  }
}

export type SceneName = keyof typeof scenes
/** The last request to the model in which this caller's name is the last word. */
type LastRequest = (caller: Caller) => readonly ChatMessage[] | null

const ANSWER_DEADLINE_MS = 10_000
const INTERRUPT_AFTER_MS = [3000, 12_000]
const MURMUR_AFTER_MS = 3000
/** The pause inside a number. */
const NUMBER_PAUSE_MS = 700
/** A second answer would begin within this time. */
const SECOND_ANSWER_MS = 2500

/** One exchange each, the `turn`th of the call. */
const scenes = {
  /** Asks, and hears the answer to its end. */
  async turns(caller: Caller, figures: Figures) {
    await ask(caller, figures, 'sentence', ({ endAt }, beganAt) =>
      figures.voiceToVoiceMs.push(beganAt - endAt),
    )
    await caller.hearOut(ANSWER_WORDS.usual)
  },

  async interruption(caller: Caller, figures: Figures, turn: number, lastRequest: LastRequest) {
    const afterMs = INTERRUPT_AFTER_MS[(caller.number + turn) % INTERRUPT_AFTER_MS.length] as number
    const beganAt = await ask(caller, figures, 'storyRequest')
    if (beganAt === null) return
    await caller.until(beganAt + afterMs)
    const { fromAt, endAt } = await caller.say('interruption')
    if (caller.isGone) return
    const silentAfterMs = (caller.audibleUntil(endAt) ?? fromAt) - fromAt
    const heardWords = caller.heardMs(endAt).filter((ms) => ms >= SPOKEN_WORD_MS / 2).length
    caller.expectAnswer()
    if ((await caller.answerBegins(ANSWER_DEADLINE_MS)) === null) return void figures.unanswered++
    const saidWords = wordsBefore(lastRequest(caller))
    figures.stops.push({
      afterMs,
      silentAfterMs,
      contextErrorWords: saidWords === null ? null : saidWords - heardWords,
    })
    await caller.hearOut(ANSWER_WORDS.usual)
  },

  async murmur(caller: Caller, figures: Figures, turn: number) {
    const kind = (caller.number + turn) % 2 === 0 ? 'murmur' : 'noise'
    const beganAt = await ask(caller, figures, 'listRequest')
    if (beganAt === null) return
    await caller.until(beganAt + MURMUR_AFTER_MS)
    await caller.say(kind)
    await caller.hearOut(ANSWER_WORDS.list)
    if (caller.isGone) return
    const heardMs = caller.heardMs()
    const words = Array.from({ length: ANSWER_WORDS.list }, (_, place) => heardMs[place] ?? 0)
    figures.murmurs.push({
      kind,
      lostWords: words.filter((ms) => ms < SPOKEN_WORD_MS / 2).length,
      lostMs: words.reduce((sum, ms) => sum + Math.max(0, SPOKEN_WORD_MS - ms), 0),
      repeatedMs: words.reduce((sum, ms) => sum + Math.max(0, ms - SPOKEN_WORD_MS), 0),
      pausedMs: caller.silentMs(),
    })
  },

  async number(caller: Caller, figures: Figures) {
    caller.expectAnswer()
    const first = await caller.say('numberBegins')
    await caller.until(first.endAt + NUMBER_PAUSE_MS)
    const { endAt } = await caller.say('numberEnds')
    const isSpokenInto = caller.audibleUntil(endAt) !== null
    if ((await caller.answerBegins(ANSWER_DEADLINE_MS)) === null) return void figures.unanswered++
    await caller.hearOut(ANSWER_WORDS.usual)
    await caller.until(performance.now() + SECOND_ANSWER_MS)
    if (caller.isGone) return
    const answers = caller.receivedMs / (ANSWER_WORDS.usual * SPOKEN_WORD_MS)
    figures.numbers.push({ isSpokenInto, answers: Math.round(answers * 10) / 10 })
  },
} satisfies Record<
  string,
  (caller: Caller, figures: Figures, turn: number, lastRequest: LastRequest) => Promise<void>
>

/** Plays a scene until the caller leaves. */
export async function play(
  name: SceneName,
  caller: Caller,
  figures: Figures,
  lastRequest: LastRequest,
): Promise<void> {
  for (let turn = 0; !caller.isGone; turn++) {
    // Between 0.4 and 1.2 s, different for each call and turn, the same in every run.
    await caller.until(performance.now() + 400 + ((caller.number * 4801 + turn * 7919) % 800))
    if (!caller.isGone) await scenes[name](caller, figures, turn, lastRequest)
  }
}

/** Says something; when its answer begins, or null when none does. */
async function ask(
  caller: Caller,
  figures: Figures,
  name: UtteranceName,
  onAnswer: (spoken: Spoken, beganAt: number) => void = () => {},
): Promise<number | null> {
  caller.expectAnswer()
  const spoken = await caller.say(name)
  const beganAt = await caller.answerBegins(ANSWER_DEADLINE_MS)
  if (caller.isGone) return null
  if (beganAt === null) figures.unanswered++
  else onAnswer(spoken, beganAt)
  return beganAt
}

/** How many words the model is told it said before the caller's last ones. */
function wordsBefore(messages: readonly ChatMessage[] | null): number | null {
  if (messages === null) return null
  const said = messages.slice(0, -1).findLast(({ role }) => role === 'assistant')?.content ?? ''
  return said.split(/\s+/).filter((word) => word !== '').length
}
