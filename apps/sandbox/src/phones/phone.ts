import { decodeMulaw, FRAME_MS, MULAW_FRAME_BYTES, MULAW_SILENCE } from '@phonevoice/audio'
import { createEar, type Ear } from './ear.ts'
import type { Interruption, PhoneReport, SaidReport } from './report.ts'
import type { Scenario, Step } from './scenario.ts'
import { beep, keyTone, noise, playWav, type Sound, speak } from './sounds.ts'

/** How long a key sounds. */
const KEY_MS = 100
/** The assistant counts as silenced once nothing was heard for this long. */
const SILENCED_MS = 300
/** Less sound than this is a click, not an answer. */
const ANSWER_SOUND_MS = 100
/** Entries kept of each kind in a report. */
const REPORTED_MAX = 5000

/** What a phone does in one tick of 20 ms. */
export interface PhoneTick {
  /** 160 bytes of μ-law the phone says; null is silence. */
  frame: Uint8Array | null
  /** A key pressed now. */
  digit: string | null
  hangUp: boolean
}

/** A simulated phone on one call. It has no clock: time is the frames it has heard. */
export interface Phone {
  tick(heard: Uint8Array | null): PhoneTick
  /** The call is over; what was being said is cut. */
  finish(): void
  report(): PhoneReport
}

interface RunningStep {
  step: Step
  startedAtMs: number
  soundMsBefore: number
  /** Keys pressed so far, for `press`. */
  pressed: number
}

export function createPhone(scenario: Scenario): Phone {
  const ear = createEar()
  const mouth = createMouth()
  const pressed: { digit: string; at_ms: number }[] = []
  const interruptions: Interruption[] = []
  let nowMs = 0
  let position = 0
  let running: RunningStep | null = null
  let hangUp = false
  let digit: string | null = null
  let isFinished = false

  function tick(heard: Uint8Array | null): PhoneTick {
    ear.hear(heard ? decodeMulaw(heard) : null)
    nowMs += FRAME_MS
    digit = null
    followInterruption()
    if (nowMs >= scenario.max_call_ms) hangUp = true
    while (!hangUp && advance()) {}
    return { frame: hangUp ? null : mouth.next(), digit, hangUp }
  }

  /** True when a step has ended and the next may begin within the same tick. */
  function advance(): boolean {
    if (!running) {
      const step = nextStep()
      if (!step) {
        if (scenario.at_end === 'hang-up') hangUp = true
        return false
      }
      running = { step, startedAtMs: nowMs, soundMsBefore: ear.soundMs, pressed: 0 }
      begin(step)
    }
    if (!isDone(running)) return false
    running = null
    return true
  }

  function nextStep(): Step | undefined {
    const { steps, repeat } = scenario
    if (position >= steps.length * repeat) return undefined
    return steps[position++ % steps.length]
  }

  function begin(step: Step): void {
    switch (step.do) {
      case 'say':
        mouth.open(speak(step.text, { voice: scenario.voice, speed: step.speed }), nowMs, step.cut_after_ms)
        if (step.interrupts && interruptions.length < REPORTED_MAX) {
          interruptions.push({
            started_at_ms: nowMs - FRAME_MS,
            stopped_hearing_at_ms: null,
            latency_ms: null,
          })
        }
        return
      case 'play':
        mouth.open(playWav(step.wav === undefined ? null : Buffer.from(step.wav, 'base64'), step.text), nowMs)
        return
      case 'noise':
        mouth.open(noise(step.ms, step.level), nowMs)
        return
      case 'beep':
        mouth.open(beep(step.ms, step.hz), nowMs)
        return
      default:
        return
    }
  }

  function isDone(current: RunningStep): boolean {
    const { step, startedAtMs } = current
    const elapsedMs = nowMs - startedAtMs
    switch (step.do) {
      case 'listen': {
        const heardMs = ear.soundMs - current.soundMsBefore
        if (heardMs >= ANSWER_SOUND_MS) return nowMs - ear.lastSoundAtMs >= step.silence_ms
        return isTimedOut(step, elapsedMs)
      }
      case 'wait-for-speech': {
        const sinceMs = Math.min(ear.speakingMs, ear.soundMs - current.soundMsBefore)
        return sinceMs >= step.speaking_ms || isTimedOut(step, elapsedMs)
      }
      case 'wait-for-words':
        return hasHeard(ear, step.words) || isTimedOut(step, elapsedMs)
      case 'say':
      case 'play':
      case 'noise':
      case 'beep':
        return !mouth.isOpen
      case 'pause':
        return elapsedMs >= step.ms
      case 'press':
        return press(current, step, elapsedMs)
      case 'hang-up':
        hangUp = true
        return false
      default:
        return step satisfies never
    }
  }

  function isTimedOut(
    step: { timeout_ms: number; on_timeout: 'go-on' | 'hang-up' },
    elapsedMs: number,
  ): boolean {
    if (elapsedMs < step.timeout_ms) return false
    if (step.on_timeout === 'hang-up') hangUp = true
    return step.on_timeout === 'go-on'
  }

  function press(current: RunningStep, step: Step & { do: 'press' }, elapsedMs: number): boolean {
    if (current.pressed === step.digits.length)
      return elapsedMs >= current.pressed * step.gap_ms && !mouth.isOpen
    if (digit === null && elapsedMs >= current.pressed * step.gap_ms) {
      digit = step.digits[current.pressed]!
      current.pressed++
      mouth.open(keyTone(digit, KEY_MS), nowMs)
      if (pressed.length < REPORTED_MAX) pressed.push({ digit, at_ms: nowMs })
    }
    return false
  }

  /** An interruption has worked when the assistant, which was talking, is heard no more. */
  function followInterruption(): void {
    const open = interruptions.at(-1)
    if (!open || open.stopped_hearing_at_ms !== null || nowMs - ear.lastSoundAtMs < SILENCED_MS) return
    open.stopped_hearing_at_ms = Math.max(open.started_at_ms, ear.lastSoundAtMs)
    open.latency_ms = open.stopped_hearing_at_ms - open.started_at_ms
  }

  return {
    tick,
    finish() {
      if (isFinished) return
      isFinished = true
      mouth.cut()
      ear.finish()
    },
    report: () => ({
      on_the_line_ms: nowMs,
      heard: {
        text: ear.words.map((word) => word.text).join(' '),
        words: [...ear.words],
        damaged_at_ms: [...ear.damagedAtMs],
        stretches: ear.stretches.map((stretch) => ({ ...stretch })),
      },
      said: mouth.report(),
      pressed: [...pressed],
      interruptions: interruptions.map((interruption) => ({ ...interruption })),
      steps_left: scenario.steps.length * scenario.repeat - position + (running ? 1 : 0),
    }),
  }
}

function hasHeard(ear: Ear, words: string): boolean {
  const plain = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N} ]/gu, '')
  return plain(ear.words.map((word) => word.text).join(' ')).includes(plain(words))
}

/** Lets one sound at a time out in frames, and remembers what really came out. */
function createMouth() {
  const utterances: SaidReport['utterances'] = []
  let sound: Sound | null = null
  let startedAtMs = 0
  let offset = 0
  let endBytes = 0

  function close(): void {
    if (!sound) return
    const saidMs = offset / 8
    const words = sound.words.filter((word) => word.end_ms <= saidMs)
    if (utterances.length < REPORTED_MAX) {
      utterances.push({
        text: sound.text,
        start_ms: startedAtMs,
        end_ms: startedAtMs + saidMs,
        is_cut: offset < sound.mulaw.length,
        words: words.map((word) => ({
          text: word.text,
          start_ms: startedAtMs + word.start_ms,
          end_ms: startedAtMs + word.end_ms,
        })),
      })
    }
    sound = null
  }

  return {
    get isOpen() {
      return sound !== null
    },
    open(next: Sound, nowMs: number, cutAfterMs?: number): void {
      close()
      sound = next
      // The frame given out in this tick covers the 20 ms that end now.
      startedAtMs = nowMs - FRAME_MS
      offset = 0
      endBytes = Math.min(next.mulaw.length, (cutAfterMs ?? Number.POSITIVE_INFINITY) * 8)
    },
    next(): Uint8Array | null {
      if (!sound) return null
      const part = sound.mulaw.subarray(offset, Math.min(endBytes, offset + MULAW_FRAME_BYTES))
      offset += part.length
      if (offset >= endBytes) close()
      if (part.length === MULAW_FRAME_BYTES) return part
      if (part.length === 0) return null
      const frame = new Uint8Array(MULAW_FRAME_BYTES).fill(MULAW_SILENCE)
      frame.set(part)
      return frame
    },
    cut: close,
    report: (): SaidReport => ({
      text: utterances.flatMap(({ words }) => words.map((word) => word.text)).join(' '),
      utterances: utterances.map((utterance) => ({ ...utterance })),
    }),
  }
}
