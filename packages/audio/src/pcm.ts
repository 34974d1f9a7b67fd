/** Turns a byte stream of signed 16-bit little-endian PCM, cut anywhere, into whole samples. */
export interface PcmAssembler {
  /**
   * The samples completed by these bytes; an odd trailing byte waits for the next push. They may share the bytes' memory, so that speech, which comes at
   * 48,000 bytes a second, is not copied once more: whoever keeps them past the next change of the bytes makes a copy.
   */
  push(bytes: Uint8Array): Int16Array
  /** Forgets a waiting byte. */
  reset(): void
}

export function createPcmAssembler(): PcmAssembler {
  let carried = -1
  return {
    push(bytes) {
      const hasCarried = carried >= 0 && bytes.length > 0
      const isAligned = bytes.byteOffset % 2 === 0 && bytes.length % 2 === 0
      if (IS_HOST_LITTLE_ENDIAN && carried < 0 && isAligned)
        return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2)
      const start = hasCarried ? 1 : 0
      const pcm = new Int16Array(start + ((bytes.length - start) >> 1))
      // The carried byte is the low one of the first sample.
      const view = new Uint8Array(pcm.buffer)
      const end = 2 * pcm.length - start
      if (hasCarried) view[0] = carried
      view.set(bytes.subarray(0, end), start)
      if (end < bytes.length) carried = bytes[end] as number
      else if (bytes.length > 0) carried = -1
      return inHostOrder(pcm)
    },
    reset() {
      carried = -1
    },
  }
}

/** Little-endian bytes of the samples. */
export function pcmToBytes(pcm: Int16Array): Uint8Array {
  return new Uint8Array(inHostOrder(pcm.slice()).buffer)
}

const IS_HOST_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** Swaps the bytes of each sample in place, on the few machines where that makes a difference; the same in both directions. */
function inHostOrder(pcm: Int16Array<ArrayBuffer>): Int16Array<ArrayBuffer> {
  if (IS_HOST_LITTLE_ENDIAN) return pcm
  for (let i = 0; i < pcm.length; i++) {
    const sample = pcm[i] as number
    pcm[i] = (sample << 8) | ((sample >> 8) & 0xff)
  }
  return pcm
}

/** Samples of little-endian bytes; an odd trailing byte is ignored. For streams use `createPcmAssembler`. */
export function bytesToPcm(bytes: Uint8Array): Int16Array {
  return createPcmAssembler().push(bytes)
}

/** A copy whose first `samples` rise linearly from silence. 5–10 ms avoids a click where audio begins abruptly. */
export function fadeIn(pcm: Int16Array, samples: number): Int16Array {
  const faded = pcm.slice()
  const length = Math.min(Math.max(0, samples), pcm.length)
  for (let i = 0; i < length; i++) faded[i] = Math.round(((pcm[i] as number) * i) / length)
  return faded
}

/** A copy whose last `samples` fall linearly to silence. */
export function fadeOut(pcm: Int16Array, samples: number): Int16Array {
  const faded = pcm.slice()
  const length = Math.min(Math.max(0, samples), pcm.length)
  for (let i = 1; i <= length; i++) {
    const at = pcm.length - i
    faded[at] = Math.round(((pcm[at] as number) * (i - 1)) / length)
  }
  return faded
}

/** The level reported for digital silence, which has no logarithm. */
export const SILENCE_DBFS = -96

/** Root mean square, 0–32768. 0 for no samples. */
export function rms(pcm: Int16Array): number {
  let sum = 0
  for (let i = 0; i < pcm.length; i++) sum += (pcm[i] as number) ** 2
  return pcm.length === 0 ? 0 : Math.sqrt(sum / pcm.length)
}

/** Level relative to full scale: 20·log10(rms / 32768), at least `SILENCE_DBFS`. A full-scale sine reads −3. */
export function levelDbfs(pcm: Int16Array): number {
  return toDbfs(rms(pcm))
}

/** dBFS of an rms value. */
export function toDbfs(rmsValue: number): number {
  return rmsValue <= 0 ? SILENCE_DBFS : Math.max(SILENCE_DBFS, 20 * Math.log10(rmsValue / 32768))
}
