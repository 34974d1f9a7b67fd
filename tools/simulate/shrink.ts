import type { Course, TraceEntry } from './course.ts'

/** Tries of making it shorter, at most; a trace of some hundred entries needs fewer. */
const triesMax = 4000

/** Leaves out whatever the failure does not need (ever smaller groups of entries, then single ones), and the waits between what is left. */
export function shrink(course: Course, isStillFailing: (candidate: Course) => boolean): Course {
  let shortest = course
  let tries = 0
  const attempt = (trace: readonly TraceEntry[]): boolean => {
    if (tries++ >= triesMax) return false
    const candidate = { ...shortest, trace }
    if (!isStillFailing(candidate)) return false
    shortest = candidate
    return true
  }
  if (!attempt(course.trace)) return course
  for (let size = course.trace.length; size >= 1; ) {
    let isShorter = false
    for (let at = 0; at < shortest.trace.length; ) {
      const isGone =
        attempt(without(shortest.trace, at, size, false)) || attempt(without(shortest.trace, at, size, true))
      if (isGone) isShorter = true
      else at += size
    }
    if (size > 1) size = Math.ceil(size / 2)
    else if (!isShorter || tries >= triesMax) break
  }
  for (let at = 0; at < shortest.trace.length; at++)
    attempt(sooner(shortest.trace, at, gapBefore(shortest.trace, at)))
  return shortest
}

/** Leaves entries out; with `isSooner` the time they took, too. */
function without(
  trace: readonly TraceEntry[],
  at: number,
  size: number,
  isSooner: boolean,
): readonly TraceEntry[] {
  const left = [...trace.slice(0, at), ...trace.slice(at + size)]
  return isSooner ? sooner(left, at, gapBefore(left, at)) : left
}

function gapBefore(trace: readonly TraceEntry[], at: number): number {
  return (trace[at]?.atMs ?? 0) - (trace[at - 1]?.atMs ?? 0)
}

function sooner(trace: readonly TraceEntry[], from: number, byMs: number): readonly TraceEntry[] {
  return trace.map((entry, index) => {
    if (index < from) return entry
    const { event } = entry
    const isTimed = event.type === 'speech-started' || event.type === 'speech-stopped'
    return { atMs: entry.atMs - byMs, event: isTimed ? { ...event, atMs: event.atMs - byMs } : event }
  })
}
