/**
 * G.711 μ-law (ITU-T G.711, "PCMU"): 8-bit logarithmic samples, 8 kHz on telephone lines. One code byte per sample; every
 * conversion is a table look-up. Code 0x7f is a second zero ("negative zero"); it decodes to 0 and encodes back as 0xff.
 */

/** The code of digital silence. Filling with 0x00 instead would be full-scale negative: a loud click. */
export const MULAW_SILENCE = 0xff
/** Carriers deliver audio in frames of this length. */
export const FRAME_MS = 20
/** Bytes (= samples) of one frame at 8 kHz. */
export const MULAW_FRAME_BYTES = 160
/** Bytes of μ-law per millisecond of audio. */
export const MULAW_BYTES_PER_MS = 8

/** Added before taking the logarithm, so that each of the eight segments begins at a power of two. */
const BIAS = 132
/** Magnitudes above this would overflow the last segment. */
const CLIP = 32635

function computeCode(sample: number): number {
  const magnitude = Math.min(Math.abs(sample), CLIP) + BIAS
  const segment = 31 - Math.clz32(magnitude) - 7
  const sign = sample < 0 ? 0x80 : 0
  return ~(sign | (segment << 4) | ((magnitude >> (segment + 3)) & 0x0f)) & 0xff
}

function computeSample(code: number): number {
  const inverted = ~code & 0xff
  const magnitude = ((((inverted & 0x0f) << 3) + BIAS) << ((inverted >> 4) & 7)) - BIAS
  return inverted & 0x80 ? -magnitude : magnitude
}

const CODES = new Uint8Array(65536)
for (let sample = -32768; sample <= 32767; sample++) CODES[sample & 0xffff] = computeCode(sample)

/** The sample of every code: `MULAW_SAMPLES[code]`. For loops that must not call a function per sample. */
export const MULAW_SAMPLES: Readonly<Int16Array> = Int16Array.from({ length: 256 }, (_, code) =>
  computeSample(code),
)

/** Encodes one 16-bit sample. */
export function encodeMulawSample(sample: number): number {
  return CODES[sample & 0xffff] as number
}

/** Decodes one code (0–255) to a 16-bit sample. */
export function decodeMulawSample(code: number): number {
  return MULAW_SAMPLES[code & 0xff] as number
}

/** Encodes 16-bit PCM; one byte per sample. */
export function encodeMulaw(pcm: Int16Array): Uint8Array {
  const mulaw = new Uint8Array(pcm.length)
  for (let i = 0; i < pcm.length; i++) mulaw[i] = CODES[(pcm[i] as number) & 0xffff] as number
  return mulaw
}

/** Decodes to 16-bit PCM; one sample per byte. */
export function decodeMulaw(mulaw: Uint8Array): Int16Array {
  const pcm = new Int16Array(mulaw.length)
  for (let i = 0; i < mulaw.length; i++) pcm[i] = MULAW_SAMPLES[mulaw[i] as number] as number
  return pcm
}

/** `durationMs` of silence. */
export function mulawSilence(durationMs: number): Uint8Array {
  return new Uint8Array(Math.max(0, Math.round(durationMs * MULAW_BYTES_PER_MS))).fill(MULAW_SILENCE)
}
