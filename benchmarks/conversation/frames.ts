/**
 * What the caller's end of the line sends: 20 ms of μ-law each, made once for all callers. To voice activity it is speech. The first three samples of
 * each frame say who speaks, what, and how far, so that the stand-in recogniser knows what it hears from the audio alone, and cheaply.
 */
import { encodeMulaw, MULAW_FRAME_BYTES, mulawSilence } from '@phonevoice/audio'
import { encodeSpeechParts } from '../../apps/sandbox/src/speech/index.ts'
import { UTTERANCE_NAMES, UTTERANCES, type UtteranceName } from './script.ts'

export const FRAME_MS = 20
const NOISE_TEXT = 'hrrm hrrm'

export interface UtteranceAudio {
  /** Base64 of each frame behind its first three bytes, which are four characters. */
  tails: readonly string[]
  words: readonly string[]
  /** How many frames have been heard when a word is over. */
  wordEnds: readonly number[]
}

export const SILENCE = base64(mulawSilence(FRAME_MS))
export const AUDIO = Object.fromEntries(
  UTTERANCE_NAMES.map((name) => [name, makeAudio(UTTERANCES[name])]),
) as Record<UtteranceName, UtteranceAudio>

/** How long before the end of the usual sentence a recogniser has guessed its last word: when half of it has been heard. */
export const LAST_GUESS_BEFORE_END_MS = (() => {
  const { tails, wordEnds } = AUDIO.sentence
  return (tails.length - guessedAt(wordEnds, wordEnds.length - 1)) * FRAME_MS
})()

/** After how many frames a word is guessed. */
export function guessedAt(wordEnds: readonly number[], word: number): number {
  const begin = wordEnds[word - 1] ?? 0
  return Math.ceil((begin + (wordEnds[word] ?? 0)) / 2)
}

/** One frame: four bits for the utterance, eight for the frame's place, twelve for the caller. */
export function framePayload(caller: number, name: UtteranceName, place: number): string {
  const mark = (UTTERANCE_NAMES.indexOf(name) << 20) | (place << 12) | caller
  const head = Buffer.from([mark >> 16, (mark >> 8) & 255, mark & 255]).toString('base64')
  return head + AUDIO[name].tails[place]
}

export interface Heard {
  caller: number
  utterance: UtteranceName
  /** Frames of it heard so far. */
  frames: number
}

/** Reads the last frame of speech in a recogniser's message, given where its base64 begins and ends. Null: silence. */
export function readLastFrame(message: Buffer, from: number, to: number): Heard | null {
  const bytes = Math.floor(((to - from) * 3) / 4)
  for (let frame = Math.floor(bytes / MULAW_FRAME_BYTES) - 1; frame >= 0; frame--) {
    const at = frame * MULAW_FRAME_BYTES
    // Base64 comes in groups of four characters for three bytes; the mark may lie across two groups.
    const group = from + Math.floor(at / 3) * 4
    const six = Buffer.from(message.toString('latin1', group, group + 8), 'base64')
    const offset = at % 3
    const mark = ((six[offset] ?? 0) << 16) | ((six[offset + 1] ?? 0) << 8) | (six[offset + 2] ?? 0)
    const utterance = UTTERANCE_NAMES[mark >> 20]
    if (utterance) return { caller: mark & 4095, utterance, frames: ((mark >> 12) & 255) + 1 }
  }
  return null
}

function makeAudio(text: string): UtteranceAudio {
  const frames: string[] = []
  const wordEnds: number[] = []
  for (const part of encodeSpeechParts((text || NOISE_TEXT).replace('#', 'vavava'), { sampleRateHz: 8000 })) {
    const mulaw = encodeMulaw(part)
    for (let at = 0; at + MULAW_FRAME_BYTES <= mulaw.length; at += MULAW_FRAME_BYTES)
      frames.push(base64(mulaw.subarray(at, at + MULAW_FRAME_BYTES)))
    wordEnds.push(frames.length)
  }
  // The last frame is speech, so that the end of speech is where we say.
  while (frames.at(-1) === SILENCE) frames.pop()
  wordEnds[wordEnds.length - 1] = frames.length
  if (frames.length > 255) throw new Error('An utterance is too long for its marks.')
  return {
    tails: frames.map((frame) => frame.slice(4)),
    words: text === '' ? [] : text.split(' '),
    wordEnds,
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
