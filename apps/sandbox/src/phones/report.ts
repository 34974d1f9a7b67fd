import type { HeardWord, Stretch } from './ear.ts'

/** What a phone heard, did and measured. All times are milliseconds since the line opened. */
export interface PhoneReport {
  /** Length of the audio so far. */
  on_the_line_ms: number
  heard: {
    /** Words in the order heard, joined by spaces. */
    text: string
    words: HeardWord[]
    /** Beginnings of words that did not arrive whole: something was cut, lost or mixed. */
    damaged_at_ms: number[]
    /** When there was sound. */
    stretches: Stretch[]
  }
  said: SaidReport
  pressed: { digit: string; at_ms: number }[]
  interruptions: Interruption[]
  /** Scenario steps not yet done. */
  steps_left: number
}

export interface SaidReport {
  /** Words that came out whole, joined by spaces. */
  text: string
  utterances: { text: string; start_ms: number; end_ms: number; is_cut: boolean; words: HeardWord[] }[]
}

/** The phone began to speak over the assistant; both times null until the assistant fell silent. */
export interface Interruption {
  started_at_ms: number
  stopped_hearing_at_ms: number | null
  latency_ms: number | null
}
