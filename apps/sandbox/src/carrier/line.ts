import { MULAW_FRAME_BYTES } from '@phonevoice/audio'
import { type CallRecorder, createCallRecorder } from '../phones/call-recorder.ts'
import type { Phone } from '../phones/phone.ts'
import { Playout } from './playout.ts'
import type { TickClock } from './tick-clock.ts'

/** Who is listening to the phone just now: a media stream, machine detection. */
export interface LineListener {
  /** 20 ms the phone said; null is silence. The bytes are valid during the call only. */
  onFrame(frame: Uint8Array | null): void
  onDigit?(digit: string): void
}

/**
 * The audio of one answered call. Every 20 ms the phone hears the next frame of what the carrier plays, and says its own. The line owns
 * playout and recorder and ends when either side closes it.
 */
export class Line {
  readonly playout = new Playout()
  readonly recorder: CallRecorder = createCallRecorder()
  readonly #phone: Phone
  readonly #onHangUp: () => void
  readonly #listeners = new Set<LineListener>()
  readonly #heard = new Uint8Array(MULAW_FRAME_BYTES)
  readonly #leaveClock: () => void
  #isOpen = true

  constructor(options: { phone: Phone; ticks: TickClock; onHangUp: () => void }) {
    this.#phone = options.phone
    this.#onHangUp = options.onHangUp
    this.#leaveClock = options.ticks.subscribe(() => this.#tick())
  }

  listen(listener: LineListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#leaveClock()
    this.#listeners.clear()
    this.playout.drop()
    this.#phone.finish()
  }

  #tick(): void {
    if (!this.#isOpen) return
    const heard = this.playout.next(this.#heard) ? this.#heard : null
    const { frame, digit, hangUp } = this.#phone.tick(heard)
    this.recorder.push(frame, heard)
    for (const listener of this.#listeners) {
      listener.onFrame(frame)
      if (digit !== null) listener.onDigit?.(digit)
    }
    if (hangUp) this.#onHangUp()
  }
}
