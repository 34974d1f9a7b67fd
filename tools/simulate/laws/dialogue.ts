import { estimateSpeechMs, type FinishedUtterance } from '@phonevoice/conversation'
import { taggedIn } from '../said.ts'
import { expectLaw, type StepFacts } from './laws.ts'

/** A word counts once half of it was heard, so that the text may be ahead of the ear by as much. */
const longestWord = 15

/**
 * What is written down is what was said and heard: every sentence that the recogniser settled is there once, the agent's words are the beginning of
 * what it had planned, and the model is asked with all of them.
 */
export function createDialogueLaws(): (facts: StepFacts) => void {
  const settled = new Set<string>()
  const written = new Set<string>()
  let turns: number | null = null

  function write({ role, text, textPlanned, interrupted, startMs, endMs, turn }: FinishedUtterance): void {
    expectLaw(turns === null || turn === turns + 1, 'utterances are numbered without a gap', { turn, turns })
    turns = turn
    expectLaw(text.trim() !== '', 'no utterance is empty', text)
    expectLaw(endMs >= startMs, 'an utterance ends after it began', { startMs, endMs })
    if (role === 'assistant') {
      expectLaw(textPlanned?.startsWith(text) ?? false, 'what was heard begins what was planned', {
        text,
        textPlanned,
      })
      expectLaw(interrupted || text === textPlanned, 'an answer not interrupted was heard whole', {
        text,
        textPlanned,
      })
      return
    }
    for (const tag of taggedIn(text)) {
      expectLaw(!written.has(tag), 'a sentence of the caller is written down once', text)
      written.add(tag)
    }
  }

  return ({ before, event, after, effects }) => {
    if (event.type === 'call-started' && before.call.name === 'connecting') turns = event.turns ?? 0
    if (event.type === 'transcript-final') {
      const span = before.caller.spans.find(({ itemId }) => itemId === event.itemId)
      if (span && !span.isSettled && before.call.name !== 'closed')
        for (const tag of taggedIn(event.text)) settled.add(tag)
    }
    for (const effect of effects) {
      if (effect.type === 'utterance-finish') write(effect.utterance)
      if (effect.type === 'utterance-finish' && effect.utterance.role === 'assistant')
        expectLaw(
          effect.utterance.text.length <= heardCharacters({ before, event }) + longestWord,
          'nothing is written down that was not heard',
          effect.utterance,
        )
      if (effect.type === 'llm-start') {
        const told = effect.messages.map(({ text }) => text).join(' ')
        for (const tag of written)
          expectLaw(told.includes(tag), 'the model is told everything that was said', { tag, told })
      }
      if (effect.type === 'call-end') {
        for (const tag of settled)
          expectLaw(written.has(tag), 'a sentence of the caller is not forgotten', {
            tag,
            history: after.history,
          })
      }
    }
  }
}

/** How much of the answer under way the caller has heard by the account of the media side, in characters. */
function heardCharacters({ before, event }: Pick<StepFacts, 'before' | 'event'>): number {
  const reports = event.type === 'playback-cleared' ? event.clauses : []
  let characters = 0
  for (const { clauseId, text, spoken, isPlayed, heardMs, durationMs } of before.agent.response?.clauses ??
    []) {
    const isPlayedNow =
      isPlayed ||
      (event.type === 'clause-played' && event.clauseId >= clauseId) ||
      isTakenForHeard(before, event)
    const heard = reports.find((report) => report.clauseId === clauseId) ?? { heardMs, durationMs }
    const wholeMs = heard.durationMs ?? estimateSpeechMs(spoken)
    // A price or an address is said at greater length than it is written: in front of it, the text is ahead of its share.
    const longer = Math.max(text.length, spoken.length)
    characters += isPlayedNow ? text.length : longer * Math.min(1, heard.heardMs / wholeMs)
  }
  return characters
}

/** Audio that began and of which nothing was said for very long. */
function isTakenForHeard(before: StepFacts['before'], event: StepFacts['event']): boolean {
  return event.type === 'timer-fired' && event.timer === 'stalled' && before.agent.name === 'speaking'
}
