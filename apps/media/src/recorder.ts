import { createStereoTimeline } from '@phonevoice/audio'
import type { Log } from '@phonevoice/base'

/** Audio may still be cut for this long after its time: our own lead plus the caller's late frames. */
const SETTLE_MS = 1500
/** A part is written whenever this much is final; also what is lost of a recording when a process dies. */
const PART_MS = 10_000
const STEREO_BYTES_PER_MS = 16

/** One stretch of interleaved stereo μ-law (caller left), final. */
export interface RecordingPart {
  number: number
  offsetMs: number
  durationMs: number
  isLast: boolean
  audio: Uint8Array
}

/** Records both sides of one stream in parts of about ten seconds, so that memory stays small and a crash costs little. */
export interface Recorder {
  caller(offsetMs: number, mulaw: Uint8Array): void
  assistant(offsetMs: number, mulaw: Uint8Array): void
  cutAssistant(fromMs: number): void
  /** Writes what has become final; called about once a second. */
  flush(nowMs: number): void
  /** Writes the rest; settles when every part is written or has failed. */
  close(nowMs: number): Promise<void>
}

export function createRecorder(options: {
  writePart(part: RecordingPart): Promise<void>
  log: Log
}): Recorder {
  const timeline = createStereoTimeline({ settleMs: SETTLE_MS })
  let pending: Uint8Array[] = []
  let pendingBytes = 0
  let pendingFromMs = 0
  let parts = 0
  // Parts are written one after another: one slow write delays the next instead of multiplying buffers.
  let writing: Promise<void> = Promise.resolve()

  function collect(take: () => Uint8Array): void {
    for (let block = take(); block.length > 0; block = take()) {
      pending.push(block)
      pendingBytes += block.length
    }
  }

  function writePart(isLast: boolean): void {
    const collected = Buffer.concat(pending)
    // Parts begin and end on whole milliseconds; what is left over begins the next one, and ends the last.
    const durationMs = Math.floor(collected.length / STEREO_BYTES_PER_MS)
    const audio = collected.subarray(0, durationMs * STEREO_BYTES_PER_MS)
    const rest = collected.subarray(audio.length)
    const part = { number: ++parts, offsetMs: pendingFromMs, durationMs, isLast, audio }
    pendingFromMs += durationMs
    pending = rest.length > 0 ? [rest] : []
    pendingBytes = rest.length
    writing = writing
      .then(() => options.writePart(part))
      .catch((error: unknown) =>
        options.log.error('a part of a recording could not be written', { error, part: part.number }),
      )
  }

  return {
    caller: (offsetMs, mulaw) => timeline.left(offsetMs, mulaw),
    assistant: (offsetMs, mulaw) => timeline.right(offsetMs, mulaw),
    cutAssistant: (fromMs) => timeline.cutRight(fromMs),
    flush(nowMs) {
      collect(() => timeline.take(nowMs))
      if (pendingBytes >= PART_MS * STEREO_BYTES_PER_MS) writePart(false)
    },
    async close(nowMs) {
      timeline.cutRight(nowMs)
      collect(() => timeline.finish(nowMs))
      writePart(true)
      await writing
    },
  }
}
