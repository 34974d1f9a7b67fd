import { createPcmAssembler, decodeMulaw } from '@phonevoice/audio'
import { createSpeechDecoder, type HeardWord } from '../../speech/index.ts'

/** Blocks in which sound is looked for. 8 kHz: 10 ms. */
const BLOCK_SAMPLES = 80
/** About -45 dBFS. */
const SOUND_MEAN_SQUARE = 34_000

/** What a simulated recogniser has heard: words, and when there was sound. Times are milliseconds of audio. */
export interface Listener {
  readonly nowMs: number
  /** Where sound was last heard; 0 before any. */
  readonly soundUntilMs: number
  readonly wordCount: number
  /** The latest words, for faults that wait for some. */
  readonly heard: string
  push(audio: Uint8Array): void
}

export interface ListenerOptions {
  encoding: 'mulaw' | 'linear16'
  onWord(word: HeardWord): void
}

const HEARD_CHARACTERS_MAX = 10_000

/** Listens to 8 kHz audio, to that alone. */
export function createListener({ encoding, onWord }: ListenerOptions): Listener {
  const assembler = createPcmAssembler()
  let samples = 0
  let soundUntilMs = 0
  let wordCount = 0
  let heard = ''
  const decoder = createSpeechDecoder({
    onWord(word) {
      wordCount++
      heard = `${heard} ${word.text}`.slice(-HEARD_CHARACTERS_MAX)
      onWord(word)
    },
  })

  function noticeSound(pcm: Int16Array): void {
    for (let at = 0; at < pcm.length; at += BLOCK_SAMPLES) {
      const block = pcm.subarray(at, at + BLOCK_SAMPLES)
      let sum = 0
      for (const sample of block) sum += sample * sample
      if (sum / block.length >= SOUND_MEAN_SQUARE) soundUntilMs = (samples + at + block.length) / 8
    }
  }

  return {
    get nowMs() {
      return samples / 8
    },
    get soundUntilMs() {
      return soundUntilMs
    },
    get wordCount() {
      return wordCount
    },
    get heard() {
      return heard
    },
    push(audio) {
      const pcm = encoding === 'mulaw' ? decodeMulaw(audio) : assembler.push(audio)
      noticeSound(pcm)
      samples += pcm.length
      decoder.push(pcm)
    },
  }
}
