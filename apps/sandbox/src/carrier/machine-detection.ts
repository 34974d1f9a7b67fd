import { decodeMulaw, FRAME_MS, rms } from '@phonevoice/audio'
import type { Line } from './line.ts'
import type { HttpMethod } from './twiml/parse.ts'

/** Answering-machine detection as a call asks for it (https://www.twilio.com/docs/voice/answering-machine-detection). Times in milliseconds. */
export interface MachineDetection {
  mode: 'Enable' | 'DetectMessageEnd'
  isAsync: boolean
  callback: { url: string; method: HttpMethod } | null
  timeoutMs: number
  speechThresholdMs: number
  speechEndThresholdMs: number
  silenceTimeoutMs: number
}

export const MACHINE_DETECTION_DEFAULTS = {
  timeoutMs: 30_000,
  speechThresholdMs: 2400,
  speechEndThresholdMs: 1200,
  silenceTimeoutMs: 5000,
} as const

export interface Verdict {
  answeredBy:
    | 'human'
    | 'unknown'
    | 'machine_start'
    | 'machine_end_beep'
    | 'machine_end_silence'
    | 'machine_end_other'
  durationMs: number
}

const SOUND_RMS_MIN = 200
/** A beep has a steady level for this long; speech never does. */
const BEEP_MS = 240
/** The beep is over after this much silence. */
const BEEP_END_MS = 60

/** Listens to what the phone says after the answer and decides once. */
export function startMachineDetection(
  line: Line,
  detection: MachineDetection,
  decide: (verdict: Verdict) => void,
): void {
  const hear = createDetector(detection)
  const stop = line.listen({
    onFrame(frame) {
      const verdict = hear(frame)
      if (!verdict) return
      stop()
      decide(verdict)
    },
  })
}

/** The rule itself, frame by frame: short speech then silence is a person, long speech a machine, nothing at all unknown. */
export function createDetector(detection: MachineDetection): (frame: Uint8Array | null) => Verdict | null {
  let nowMs = 0
  let firstSoundAtMs: number | null = null
  let lastSoundAtMs = 0
  let isMachine = false
  let steadyMs = 0
  let lastCrossings = 0
  let hasBeeped = false

  return (frame) => {
    nowMs += FRAME_MS
    const pcm = frame ? decodeMulaw(frame) : null
    const level = pcm ? rms(pcm) : 0
    if (level >= SOUND_RMS_MIN) {
      firstSoundAtMs ??= nowMs
      lastSoundAtMs = nowMs
    }
    const crossings = pcm ? countCrossings(pcm) : 0
    const isSteady = level >= SOUND_RMS_MIN && Math.abs(crossings - lastCrossings) <= 1
    steadyMs = isSteady ? steadyMs + FRAME_MS : 0
    lastCrossings = crossings
    if (steadyMs >= BEEP_MS) hasBeeped = true
    const verdict = (answeredBy: Verdict['answeredBy']): Verdict => ({ answeredBy, durationMs: nowMs })

    if (nowMs >= detection.timeoutMs) return verdict(isMachine ? 'machine_end_other' : 'unknown')
    if (firstSoundAtMs === null) return nowMs >= detection.silenceTimeoutMs ? verdict('unknown') : null
    const silentMs = nowMs - lastSoundAtMs
    if (!isMachine) {
      if (silentMs >= detection.speechEndThresholdMs) return verdict('human')
      if (lastSoundAtMs - firstSoundAtMs < detection.speechThresholdMs) return null
      if (detection.mode === 'Enable') return verdict('machine_start')
      isMachine = true
      return null
    }
    if (hasBeeped) return silentMs >= BEEP_END_MS ? verdict('machine_end_beep') : null
    return silentMs >= detection.speechEndThresholdMs + 1000 ? verdict('machine_end_silence') : null
  }
}

function countCrossings(pcm: Int16Array): number {
  let crossings = 0
  for (let i = 1; i < pcm.length; i++) if (pcm[i - 1]! < 0 !== pcm[i]! < 0) crossings++
  return crossings
}
