import { MULAW_FRAME_BYTES, MULAW_SILENCE, wavHeader } from '@phonevoice/audio'

/** One second of one side. */
const BLOCK_FRAMES = 50
/** Recording stops after this long; the report goes on. */
const RECORDED_FRAMES_MAX = 30 * 60 * 50

/** Keeps both sides of a line in step, as μ-law. Left is what the phone said, right what it heard. */
export interface CallRecorder {
  push(said: Uint8Array | null, heard: Uint8Array | null): void
  readonly durationMs: number
  /** A WAV: stereo, or one side alone. */
  toWav(side?: 'said' | 'heard'): Uint8Array
}

export function createCallRecorder(): CallRecorder {
  /** A second without sound is kept as null: silent calls cost nothing. */
  const blocks: { said: Uint8Array | null; heard: Uint8Array | null }[] = []
  let frames = 0

  function write(side: 'said' | 'heard', frame: Uint8Array | null): void {
    if (!frame) return
    const block = blocks.at(-1)!
    block[side] ??= new Uint8Array(BLOCK_FRAMES * MULAW_FRAME_BYTES).fill(MULAW_SILENCE)
    block[side].set(frame, (frames % BLOCK_FRAMES) * MULAW_FRAME_BYTES)
  }

  return {
    push(said, heard) {
      if (frames >= RECORDED_FRAMES_MAX) return
      if (frames % BLOCK_FRAMES === 0) blocks.push({ said: null, heard: null })
      write('said', said)
      write('heard', heard)
      frames++
    },
    get durationMs() {
      return frames * 20
    },
    toWav(side) {
      const samples = frames * MULAW_FRAME_BYTES
      const channels = side ? 1 : 2
      const audio = new Uint8Array(samples * channels).fill(MULAW_SILENCE)
      const sides = side ? ([side] as const) : (['said', 'heard'] as const)
      for (const [channel, name] of sides.entries()) {
        for (const [index, block] of blocks.entries()) {
          const start = index * BLOCK_FRAMES * MULAW_FRAME_BYTES
          const bytes = block[name]?.subarray(0, samples - start) ?? []
          for (let i = 0; i < bytes.length; i++) audio[(start + i) * channels + channel] = bytes[i]!
        }
      }
      const header = wavHeader({ encoding: 'mulaw', sampleRateHz: 8000, channels, dataBytes: audio.length })
      return Buffer.concat([header, audio, new Uint8Array(audio.length % 2)])
    },
  }
}
