/**
 * Says when someone begins and stops speaking, from 20 ms μ-law frames.
 *
 * Two judges must agree. WebRTC's detector (libfvad) knows what speech sounds like, but takes steady noise for speech and holds on for about
 * 120 ms after its end. An adaptive energy gate knows how loud the line is without speech; it opens 10 dB above the noise floor, closes
 * 5 dB lower, and places the end of speech exactly, since it judges 5 ms blocks.
 *
 *   idle ── voiced for startMs (holes up to 15 ms allowed) ──► speaking    'speech-started' at the first voiced frame's start
 *   speaking ── nothing voiced for hangoverMs ──► idle                     'speech-stopped' at the last voiced frame's end
 *
 * Time is what the caller says each frame's time is: missing frames count as silence.
 */
import createFvad, { type FvadModule } from '@echogarden/fvad-wasm'
import { FRAME_MS, MULAW_FRAME_BYTES, MULAW_SAMPLES, MULAW_SILENCE } from './mulaw.ts'
import { createNoiseFloor } from './noise-floor.ts'
import { toDbfs } from './pcm.ts'

export interface VoiceActivityOptions {
  /** How long speech must last before it is reported, milliseconds. Default 60: clicks are shorter. */
  startMs?: number
  /** Silence after the last voiced frame before the end is reported, milliseconds. Default 150. */
  hangoverMs?: number
  /** libfvad's aggressiveness, 0–3; 3 rejects the most, quiet speech included. Default 2. */
  mode?: 0 | 1 | 2 | 3
}

export type VoiceEvent =
  /** `atMs`: start of the first voiced frame. */
  | { type: 'speech-started'; atMs: number }
  /** `atMs`: end of the last voiced frame. */
  | { type: 'speech-stopped'; atMs: number }

/** For one stream of audio; holds 744 bytes outside the JavaScript heap until closed. */
export interface VoiceActivityDetector {
  /** Takes one 20 ms frame (160 bytes; a shorter one is filled up with silence) that began at `startMs`. */
  push(mulawFrame: Uint8Array, startMs: number): VoiceEvent | null
  /** Back to the beginning: idle, nothing known about the line. No event is reported for speech under way. */
  reset(): void
  /** Frees the detector; afterwards `push` does nothing. */
  close(): void
}

const SAMPLE_RATE_HZ = 8000
const BLOCK_SAMPLES = 40
const BLOCK_MS = 5
const BLOCKS = MULAW_FRAME_BYTES / BLOCK_SAMPLES
/** A low voice's blocks sink between two glottal pulses; holes of this many do not break a beginning. */
const HOLE_BLOCKS_MAX = 3
/** While speaking, a frame with a single loud block is a crackle and does not prolong the speech. */
const VOICED_BLOCKS_MIN = 2
/** Frames whose times are further apart than this do not belong to one beginning. */
const GAP_MS_MAX = FRAME_MS + 10

const OPEN_ABOVE_FLOOR_DB = 10
/** The gate never opens for less: telephone speech is −16 to −30 dBFS, line noise −50 and below. */
const OPEN_DBFS_MIN = -45
/** In a very loud place the distance shrinks instead of shutting everyone out. */
const OPEN_DBFS_MAX = -20
const OPEN_ABOVE_FLOOR_DB_MIN = 5
const HYSTERESIS_DB = 5
const CLOSE_ABOVE_FLOOR_DB_MIN = 3.5

interface Engine {
  fvad: FvadModule
  /** One frame of samples in the module's memory, filled and read within one `push`. */
  scratch: number
}

let engine: Engine | null = null
let loading: Promise<void> | null = null

/** Loads the detector's WebAssembly, once per process. Await it before the first `createVoiceActivityDetector`. */
export function loadVoiceActivity(): Promise<void> {
  loading ??= createFvad().then((fvad) => {
    engine = { fvad, scratch: fvad._malloc(MULAW_FRAME_BYTES * 2) }
  })
  return loading
}

export function createVoiceActivityDetector(options: VoiceActivityOptions = {}): VoiceActivityDetector {
  if (!engine) throw new Error('Voice activity is not loaded; await loadVoiceActivity() first.')
  const { fvad, scratch } = engine
  const startMs = options.startMs ?? 60
  const hangoverMs = options.hangoverMs ?? 150
  const mode = options.mode ?? 2
  const instance = fvad._fvad_new()
  if (instance === 0) throw new Error('There is no memory for another voice activity detector.')
  configure()

  const floor = createNoiseFloor()
  const blockPower = new Float64Array(BLOCKS)
  let isClosed = false
  let isSpeaking = false
  let previousStartMs = Number.NEGATIVE_INFINITY
  /** Idle: the beginning being watched. */
  let runStartedMs = 0
  let runBlocks = 0
  let holeBlocks = 0
  /** Speaking: end of the last voiced frame. */
  let voicedUntilMs = 0

  function configure(): void {
    fvad._fvad_set_mode(instance, mode)
    fvad._fvad_set_sample_rate(instance, SAMPLE_RATE_HZ)
  }

  /** Decodes into the module's memory, measures each block, and returns libfvad's verdict. */
  function judge(mulaw: Uint8Array): boolean {
    const heap = fvad.HEAP16
    const at = scratch >> 1
    let framePower = 0
    for (let block = 0; block < BLOCKS; block++) {
      let power = 0
      for (let i = block * BLOCK_SAMPLES; i < (block + 1) * BLOCK_SAMPLES; i++) {
        const sample = MULAW_SAMPLES[mulaw[i] ?? MULAW_SILENCE] as number
        heap[at + i] = sample
        power += sample * sample
      }
      blockPower[block] = power / BLOCK_SAMPLES
      framePower += power
    }
    floor.push(toDbfs(Math.sqrt(framePower / MULAW_FRAME_BYTES)))
    return fvad._fvad_process(instance, scratch, MULAW_FRAME_BYTES) === 1
  }

  function watchForStart(isSpeechLike: boolean, frameMs: number): VoiceEvent | null {
    const open = powerOf(openDbfs(floor.dbfs))
    for (let block = 0; block < BLOCKS; block++) {
      if (isSpeechLike && (blockPower[block] as number) >= open) {
        if (runBlocks === 0) runStartedMs = frameMs
        runBlocks += holeBlocks + 1
        holeBlocks = 0
      } else if (runBlocks > 0 && ++holeBlocks > HOLE_BLOCKS_MAX) {
        forgetRun()
      }
    }
    if (runBlocks === 0 || runBlocks * BLOCK_MS < startMs) return null
    isSpeaking = true
    voicedUntilMs = frameMs + FRAME_MS
    forgetRun()
    return { type: 'speech-started', atMs: runStartedMs }
  }

  function watchForEnd(isSpeechLike: boolean, frameMs: number): VoiceEvent | null {
    const close = powerOf(closeDbfs(floor.dbfs))
    let voicedBlocks = 0
    for (let block = 0; block < BLOCKS; block++) {
      if ((blockPower[block] as number) >= close) voicedBlocks++
    }
    const endMs = frameMs + FRAME_MS
    if (isSpeechLike && voicedBlocks >= VOICED_BLOCKS_MIN && frameMs - voicedUntilMs < hangoverMs)
      voicedUntilMs = endMs
    if (endMs - voicedUntilMs < hangoverMs) return null
    isSpeaking = false
    return { type: 'speech-stopped', atMs: voicedUntilMs }
  }

  function forgetRun(): void {
    runBlocks = 0
    holeBlocks = 0
  }

  return {
    push(mulawFrame, frameMs) {
      if (isClosed) return null
      const isSpeechLike = judge(mulawFrame)
      if (frameMs - previousStartMs > GAP_MS_MAX) forgetRun()
      previousStartMs = frameMs
      return isSpeaking ? watchForEnd(isSpeechLike, frameMs) : watchForStart(isSpeechLike, frameMs)
    },
    reset() {
      if (isClosed) return
      fvad._fvad_reset(instance)
      configure()
      floor.reset()
      forgetRun()
      isSpeaking = false
      previousStartMs = Number.NEGATIVE_INFINITY
    },
    close() {
      if (isClosed) return
      isClosed = true
      fvad._fvad_free(instance)
    },
  }
}

function openDbfs(floorDbfs: number): number {
  const wanted = Math.min(OPEN_DBFS_MAX, Math.max(OPEN_DBFS_MIN, floorDbfs + OPEN_ABOVE_FLOOR_DB))
  return Math.max(wanted, floorDbfs + OPEN_ABOVE_FLOOR_DB_MIN)
}

function closeDbfs(floorDbfs: number): number {
  return Math.max(openDbfs(floorDbfs) - HYSTERESIS_DB, floorDbfs + CLOSE_ABOVE_FLOOR_DB_MIN)
}

/** Mean square of a level. */
function powerOf(dbfs: number): number {
  return 32768 ** 2 * 10 ** (dbfs / 10)
}
