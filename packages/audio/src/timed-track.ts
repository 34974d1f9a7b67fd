/**
 * Two μ-law tracks on one timeline, for the recorder: pieces arrive with the time they belong to, blocks leave interleaved (left,
 * right, left, …) once they are old enough to be final. Time 0 is the start of the media stream; 8 bytes are a millisecond.
 *
 * - A piece that begins near where the track's previous piece ended is moved to that end. Carriers stamp frames with a few
 *   milliseconds of jitter; taken literally that would click. The error cannot grow: beyond `snapMs` the stamp is believed again.
 * - What nothing was written to is silence. Where pieces overlap the later write wins.
 * - Audio for a time already taken, or further ahead than the memory bound, is dropped and counted.
 */
import { MULAW_BYTES_PER_MS, MULAW_SILENCE } from './mulaw.ts'

export interface StereoTimelineOptions {
  /** How long after its time a block may still change. `take(t)` yields what lies before t − settleMs. */
  settleMs: number
  /** Largest distance from the previous piece's end that is taken for jitter. Default 19: a lost 20 ms frame stays a gap. */
  snapMs?: number
  /** The most that is kept between takes. Default 60 000 ms, which is 960 kB. */
  windowMsMax?: number
}

export interface StereoTimeline {
  /** Writes to the left track: the caller, at the carrier's time stamp. */
  left(offsetMs: number, mulaw: Uint8Array): void
  /** Writes to the right track: the assistant, at the time it is played. */
  right(offsetMs: number, mulaw: Uint8Array): void
  /** Makes the right track silent from here on, as far as it is not taken: playback was cut. */
  cutRight(fromMs: number): void
  /** The next interleaved block that is final when the time is `nowMs`; empty when there is none. At most the window: ask until empty. */
  take(nowMs: number): Uint8Array
  /** Like `take`, for the end: everything up to the last audio, and silence up to `endMs` where that is later. Ask until empty. */
  finish(endMs: number): Uint8Array
  /** Where the next block begins. */
  readonly takenMs: number
  /** Bytes of audio that came too late or too far ahead. */
  readonly droppedBytes: number
}

interface Track {
  ring: Uint8Array
  /** End of the previous piece, null after nothing or a cut. */
  endByte: number | null
}

const INITIAL_BYTES = 4096

export function createStereoTimeline(options: StereoTimelineOptions): StereoTimeline {
  const snapBytes = toBytes(options.snapMs ?? 19)
  const settleBytes = toBytes(options.settleMs)
  const windowBytesMax = toBytes(options.windowMsMax ?? 60_000)
  const left: Track = { ring: silence(INITIAL_BYTES), endByte: null }
  const right: Track = { ring: silence(INITIAL_BYTES), endByte: null }
  let baseByte = 0
  let writtenByte = 0
  let droppedBytes = 0

  function write(track: Track, offsetMs: number, mulaw: Uint8Array): void {
    if (mulaw.length === 0) return
    const stamped = toBytes(offsetMs)
    const isJitter = track.endByte !== null && Math.abs(stamped - track.endByte) <= snapBytes
    const start = isJitter ? (track.endByte as number) : stamped
    const end = start + mulaw.length
    track.endByte = end
    const from = Math.max(start, baseByte)
    const to = Math.min(end, baseByte + windowBytesMax)
    droppedBytes += mulaw.length - Math.max(0, to - from)
    if (from >= to) return
    reserve(track, to - baseByte)
    copyIn(track.ring, from, mulaw.subarray(from - start, to - start))
    writtenByte = Math.max(writtenByte, to)
  }

  /** Doubles a ring until it holds the window; old content keeps its absolute position. */
  function reserve(track: Track, windowBytes: number): void {
    const old = track.ring
    if (windowBytes <= old.length) return
    let length = old.length
    while (length < windowBytes) length *= 2
    const larger = silence(length)
    const oldest = baseByte % old.length
    copyIn(larger, baseByte, old.subarray(oldest))
    copyIn(larger, baseByte + old.length - oldest, old.subarray(0, oldest))
    track.ring = larger
  }

  function takeUntil(byte: number): Uint8Array {
    const end = Math.min(byte, baseByte + windowBytesMax)
    if (end <= baseByte) return new Uint8Array(0)
    const block = new Uint8Array(2 * (end - baseByte)).fill(MULAW_SILENCE)
    drain(left, end, block, 0)
    drain(right, end, block, 1)
    baseByte = end
    return block
  }

  /** Copies a track's share and leaves silence behind, ready for the next lap of the ring. */
  function drain(track: Track, end: number, block: Uint8Array, channel: number): void {
    const { ring } = track
    const held = Math.min(end, baseByte + ring.length)
    let to = channel
    for (let at = baseByte; at < held; ) {
      const index = at % ring.length
      const lapEnd = Math.min(index + held - at, ring.length)
      for (let i = index; i < lapEnd; i++, to += 2) block[to] = ring[i] as number
      ring.fill(MULAW_SILENCE, index, lapEnd)
      at += lapEnd - index
    }
  }

  return {
    left: (offsetMs, mulaw) => write(left, offsetMs, mulaw),
    right: (offsetMs, mulaw) => write(right, offsetMs, mulaw),
    cutRight(fromMs) {
      const { ring } = right
      const from = Math.max(toBytes(fromMs), baseByte)
      for (let at = from; at < baseByte + ring.length; at++) ring[at % ring.length] = MULAW_SILENCE
      right.endByte = null
    },
    take: (nowMs) => takeUntil(toBytes(nowMs) - settleBytes),
    finish: (endMs) => takeUntil(Math.max(toBytes(endMs), writtenByte)),
    get takenMs() {
      return baseByte / MULAW_BYTES_PER_MS
    },
    get droppedBytes() {
      return droppedBytes
    },
  }
}

/** Writes bytes from an absolute position on, in at most two pieces. They fit into the ring. */
function copyIn(ring: Uint8Array, from: number, bytes: Uint8Array): void {
  const index = from % ring.length
  const room = ring.length - index
  ring.set(bytes.subarray(0, room), index)
  if (bytes.length > room) ring.set(bytes.subarray(room), 0)
}

function toBytes(ms: number): number {
  return Math.max(0, Math.round(ms * MULAW_BYTES_PER_MS))
}

function silence(bytes: number): Uint8Array {
  return new Uint8Array(bytes).fill(MULAW_SILENCE)
}
