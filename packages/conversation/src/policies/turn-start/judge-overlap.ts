import { backchannel } from './backchannel.ts'
import { noWords } from './no-words.ts'
import { parting } from './parting.ts'
import type { OverlappingSpeech, TurnStartPolicy } from './policy.ts'
import { stopPhrase } from './stop-phrase.ts'
import { tooFewWords } from './too-few-words.ts'

/** Asked in this order, after the stop phrases; the first opinion counts, and content nobody objects to interrupts. */
const policies: readonly TurnStartPolicy[] = [noWords, parting, backchannel, tooFewWords]

/** Whether speech over the agent's voice takes the turn. `stop` is an interruption that need not wait for `minSpeechMs`. */
export function judgeOverlap(speech: OverlappingSpeech): 'stop' | 'interrupt' | 'ignore' {
  if (stopPhrase(speech) === 'interrupt') return 'stop'
  for (const policy of policies) {
    const opinion = policy(speech)
    if (opinion !== null) return opinion
  }
  return 'interrupt'
}
