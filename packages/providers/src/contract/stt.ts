import type { OutsideCategory } from '@phonevoice/base'

/** What an adapter can do, as data; callers branch on these and never on a vendor's name. */
export interface SttCapabilities {
  /** Sends `partial` parts while speech goes on. */
  partials: boolean
  /** The client ends each span with `commit`; false: the vendor finds the ends of turns itself, and `commit` only asks for the words so far. */
  clientCommits: boolean
  /** Sends `turn` parts. Default false. */
  turnSignals?: boolean
  /** Wants the caller's silence too, without gaps; speech alone is enough for the others. Default false. */
  needsContinuousAudio?: boolean
}

/**
 * What the vendor thinks of the caller's turn: it has begun; it is probably over (an answer may be drafted); it goes on after all (drop the draft); it is
 * over. At most one `end` per turn. A hint: it says nothing about spans and their items.
 */
export type TurnSignal = 'started' | 'eager-end' | 'resumed' | 'end'

/** A recogniser: opens one stream per call. */
export interface SttProvider {
  /** Name used in usage records and the rate card, e.g. `openai`. */
  readonly provider: string
  readonly model: string
  readonly capabilities: SttCapabilities
  /** Opens a stream at once; connecting goes on behind it and audio sent meanwhile is kept (bounded). `onPart` is called for everything that happens. */
  open(options: SttStreamOptions): SttStream
}

export interface SttStreamOptions {
  /** BCP 47, e.g. `en-US`. */
  language: string
  keywords: readonly string[]
  onPart(part: SttPart): void
}

export interface SttStream {
  /** 8 kHz μ-law, any number of whole bytes. Never blocks and never throws. */
  sendAudio(mulaw: Uint8Array): void
  /** Ends the span of audio sent since the last commit; its final or failure carries this `itemId`. */
  commit(itemId: string): void
  /** Ends the stream; harmless when repeated. No part follows. */
  close(): void
}

export type SttPart =
  | { type: 'ready' }
  /** A setting that could not be honoured. */
  | { type: 'warning'; setting: string; message: string }
  /** The vendor's guess for the span now being spoken (`itemId` null until it is committed); replaces the previous one. */
  | { type: 'partial'; itemId: string | null; text: string }
  | { type: 'final'; itemId: string; text: string }
  | { type: 'item-failed'; itemId: string; message: string }
  /** Only where `capabilities.turnSignals`. */
  | { type: 'turn'; signal: TurnSignal }
  /** Seconds of audio the vendor will bill since the last report. */
  | { type: 'usage'; audioSeconds: number }
  /** The stream is over and cannot be used further. */
  | { type: 'failed'; category: OutsideCategory; message: string }
