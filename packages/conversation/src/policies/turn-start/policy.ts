import type { Language } from '../../languages/language.ts'
import type { ConversationSettings } from '../../types.ts'

/** What the caller has said over the agent's voice so far. */
export interface OverlappingSpeech {
  /** In normal form. Empty while nothing was understood. */
  words: readonly string[]
  /** False while the words may still change or grow. */
  isFinal: boolean
  /** The agent is taking leave and will hang up. */
  isParting: boolean
  settings: ConversationSettings['interruption']
  language: Language
}

/** `interrupt`: the caller takes the turn. `ignore`: as it stands, the agent may go on. `null`: no opinion. */
export type TurnStartPolicy = (speech: OverlappingSpeech) => 'interrupt' | 'ignore' | null
