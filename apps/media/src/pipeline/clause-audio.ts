import { MULAW_BYTES_PER_MS } from '@phonevoice/audio'

/**
 * The μ-law audio of one clause, filled by the voice while playback already reads it. It is kept after it was played, so that a false
 * interruption can go on from the middle without asking the voice again.
 */
export class ClauseAudio {
  readonly responseId: string
  readonly clauseId: number
  readonly #chunks: Uint8Array[] = []
  #bytes = 0
  #isComplete = false

  constructor(responseId: string, clauseId: number) {
    this.responseId = responseId
    this.clauseId = clauseId
  }

  get bytes(): number {
    return this.#bytes
  }

  /** No more audio will be added. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  /** Null until the voice has finished. */
  get durationMs(): number | null {
    return this.#isComplete ? this.#bytes / MULAW_BYTES_PER_MS : null
  }

  append(mulaw: Uint8Array): void {
    if (this.#isComplete || mulaw.length === 0) return
    this.#chunks.push(mulaw)
    this.#bytes += mulaw.length
  }

  complete(): void {
    this.#isComplete = true
  }

  /** Copies up to `length` bytes from `offset`; shorter where the audio ends. */
  read(offset: number, length: number): Uint8Array {
    const available = Math.max(0, Math.min(length, this.#bytes - offset))
    const result = new Uint8Array(available)
    let at = 0
    let skipped = 0
    for (const chunk of this.#chunks) {
      if (at === available) break
      const from = Math.max(0, offset + at - skipped)
      if (from < chunk.length) {
        const piece = chunk.subarray(from, from + available - at)
        result.set(piece, at)
        at += piece.length
      }
      skipped += chunk.length
    }
    return result
  }
}
