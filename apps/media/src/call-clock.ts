import type { FinishedUtterance, TurnMeasurement } from '@phonevoice/conversation'

/** Where a stream stands in its call: the machine counts from the stream's start, everybody else from the call's answer. */
export interface StreamPlace {
  /** Milliseconds from the call's answer to this stream's start. */
  offsetMs: number
  /** The number of the next utterance of the call; 1 for a new one. */
  nextTurn: number
}

/** An utterance of the stream, numbered and timed as the call counts. */
export function utteranceOfCall(utterance: FinishedUtterance, place: StreamPlace): FinishedUtterance {
  return {
    ...utterance,
    turn: turnOfCall(utterance.turn, place),
    startMs: msOfCall(utterance.startMs, place),
    endMs: msOfCall(utterance.endMs, place),
  }
}

/** A measurement of the stream, as the call counts; what never came to pass stays null. */
export function measurementOfCall(measurement: TurnMeasurement, place: StreamPlace): TurnMeasurement {
  const { responseId, turn, interrupted, ...times } = measurement
  const moved = Object.entries(times).map(([name, ms]) => [name, ms === null ? null : msOfCall(ms, place)])
  return {
    responseId,
    interrupted,
    turn: turn === null ? null : turnOfCall(turn, place),
    ...(Object.fromEntries(moved) as typeof times),
  }
}

function turnOfCall(turn: number, { nextTurn }: StreamPlace): number {
  return turn + nextTurn - 1
}

function msOfCall(ms: number, { offsetMs }: StreamPlace): number {
  return Math.max(0, Math.round(ms + offsetMs))
}
