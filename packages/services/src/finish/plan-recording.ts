import type { RecordedStream } from '../recordings/index.ts'

/** A stretch of audio with its place on the call's clock, which begins with the answer. */
export interface PlacedPart {
  storageKey: string
  offsetMs: number
  durationMs: number
}

export interface RecordingPlan {
  parts: PlacedPart[]
  /** Length of the whole; what no part covers is silence. */
  lengthMs: number
  /** False: audio is missing, be it the tail of a stream or something between. */
  isComplete: boolean
}

/** Puts the parts of a call's streams on one timeline. Pure. */
export function planRecording(
  streams: readonly RecordedStream[],
  call: { startedAtMs: number; endedAtMs: number },
): RecordingPlan {
  const parts = streams
    .flatMap((stream) =>
      stream.parts.map(({ storageKey, offsetMs, durationMs }) => ({
        storageKey,
        offsetMs: Math.max(0, stream.openedAt.getTime() - call.startedAtMs + offsetMs),
        durationMs,
      })),
    )
    .filter((part) => part.durationMs > 0)
    .sort((one, other) => one.offsetMs - other.offsetMs)
  const isComplete = streams.length > 0 && streams.every(isWhole)
  const heardMs = parts.reduce((end, part) => Math.max(end, part.offsetMs + part.durationMs), 0)
  // A lost tail is silence up to the end of the call, so that the length of the file tells the length of the call.
  const lengthMs = isComplete ? heardMs : Math.max(heardMs, call.endedAtMs - call.startedAtMs)
  return { parts, lengthMs, isComplete }
}

/** Every number from 1 to the last is there. */
function isWhole(stream: RecordedStream): boolean {
  return (
    stream.parts.at(-1)?.isLast === true && stream.parts.every((part, index) => part.number === index + 1)
  )
}
