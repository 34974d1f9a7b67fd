/**
 * Turns the body of a speech answer into 24 kHz mono PCM. Asked for raw PCM, some servers send WAV at the model's own rate all the same: the first four
 * bytes tell, and what differs is converted.
 */
import {
  createPcmAssembler,
  createResampler,
  decodeMulaw,
  isWav,
  pcmToBytes,
  type Resampler,
  readWavFormat,
  type WavFormat,
} from '@phonevoice/audio'
import { PCM_RATE_HZ } from './wire.ts'

export interface PcmReader {
  /** Whole samples as little-endian bytes; empty while there are none. Throws `InvalidWav`. */
  push(bytes: Uint8Array): Uint8Array
  /** What the conversion held back. */
  flush(): Uint8Array
}

export function createPcmReader(): PcmReader {
  let kind: 'unknown' | 'raw' | 'wav-header' | 'wav' = 'unknown'
  let held = new Uint8Array(0)
  /** Null: the bytes are what is asked for; only their cuts may lie inside a sample. */
  let conversion: { toSamples(bytes: Uint8Array): Int16Array; resampler: Resampler } | null = null
  let halfSample = new Uint8Array(0)
  /** Bytes of audio still to come; what follows them in a WAV is not sound. */
  let remaining = Number.POSITIVE_INFINITY

  function audio(bytes: Uint8Array): Uint8Array {
    const part = bytes.subarray(0, Math.min(bytes.length, remaining))
    remaining -= part.length
    if (conversion) return pcmToBytes(conversion.resampler.process(conversion.toSamples(part)))
    const samples = halfSample.length > 0 ? join(halfSample, part) : part
    const wholeBytes = samples.length - (samples.length % 2)
    halfSample = samples.slice(wholeBytes)
    return samples.subarray(0, wholeBytes)
  }

  return {
    push(bytes) {
      if (kind === 'raw' || kind === 'wav') return audio(bytes)
      held = join(held, bytes)
      if (kind === 'unknown' && held.length >= 4) kind = isWav(held) ? 'wav-header' : 'raw'
      if (kind === 'wav-header') {
        const format = readWavFormat(held)
        if (format) {
          kind = 'wav'
          conversion = {
            toSamples: createConverter(format),
            resampler: createResampler({ fromHz: format.sampleRateHz, toHz: PCM_RATE_HZ }),
          }
          remaining = format.dataBytes ?? Number.POSITIVE_INFINITY
          held = held.slice(format.dataOffset)
        }
      }
      if (kind !== 'raw' && kind !== 'wav') return new Uint8Array(0)
      const ready = held
      held = new Uint8Array(0)
      return audio(ready)
    },
    flush() {
      const rest = kind === 'unknown' ? audio(held) : new Uint8Array(0)
      return conversion ? join(rest, pcmToBytes(conversion.resampler.flush())) : rest
    },
  }
}

/** Bytes of a WAV's audio to mono samples. */
function createConverter({ encoding, channels }: WavFormat): (bytes: Uint8Array) => Int16Array {
  const toSamples = encoding === 'mulaw' ? decodeMulaw : createPcmAssembler().push
  if (channels === 1) return toSamples
  let carried = new Int16Array(0)
  return (bytes) => {
    const fresh = toSamples(bytes)
    const samples = new Int16Array(carried.length + fresh.length)
    samples.set(carried)
    samples.set(fresh, carried.length)
    const mono = new Int16Array(Math.floor(samples.length / channels))
    for (let i = 0; i < mono.length; i++) {
      let sum = 0
      for (let channel = 0; channel < channels; channel++) sum += samples[i * channels + channel] as number
      mono[i] = Math.round(sum / channels)
    }
    carried = samples.slice(mono.length * channels)
    return mono
  }
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(first.length + second.length)
  joined.set(first)
  joined.set(second, first.length)
  return joined
}
