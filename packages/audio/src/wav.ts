/** WAV (RIFF/WAVE) with 8-bit μ-law or 16-bit PCM. Headers have a fixed length per encoding, so one written first can be overwritten when the size is known. */
export type WavEncoding = 'mulaw' | 'pcm16'

export interface WavHeaderOptions {
  encoding: WavEncoding
  sampleRateHz: number
  channels: number
  /** Bytes of audio that follow. Null while unknown: a placeholder that players take as "until the end of the file". */
  dataBytes: number | null
}

/** Format tags of the `fmt ` chunk. */
const TAG_PCM = 1
const TAG_MULAW = 7
/** The real tag is in the sub-format further down. */
const TAG_EXTENSIBLE = 0xfffe
const UNKNOWN_SIZE = 0xffffffff
/** An honest header is far shorter; where more comes before the audio, something is wrong. */
const HEADER_BYTES_MAX = 64 * 1024

/** Length of what `wavHeader` returns. */
export function wavHeaderBytes(encoding: WavEncoding): number {
  return encoding === 'mulaw' ? 58 : 44
}

/**
 * The bytes before the audio. A μ-law file also carries a `fact` chunk with the sample count, which the format demands of everything that is
 * not PCM. After an odd number of data bytes the file needs one padding byte, which the sizes here count.
 */
export function wavHeader({ encoding, sampleRateHz, channels, dataBytes }: WavHeaderOptions): Uint8Array {
  const isMulaw = encoding === 'mulaw'
  const bytesPerSample = isMulaw ? 1 : 2
  const blockAlign = channels * bytesPerSample
  const length = wavHeaderBytes(encoding)
  const header = new Uint8Array(length)
  const view = new DataView(header.buffer)
  const riffSize = dataBytes === null ? UNKNOWN_SIZE : length - 8 + dataBytes + (dataBytes & 1)
  writeTag(view, 0, 'RIFF')
  view.setUint32(4, Math.min(riffSize, UNKNOWN_SIZE), true)
  writeTag(view, 8, 'WAVE')
  writeTag(view, 12, 'fmt ')
  view.setUint32(16, isMulaw ? 18 : 16, true)
  view.setUint16(20, isMulaw ? TAG_MULAW : TAG_PCM, true)
  view.setUint16(22, channels, true)
  view.setUint32(24, sampleRateHz, true)
  view.setUint32(28, sampleRateHz * blockAlign, true)
  view.setUint16(32, blockAlign, true)
  view.setUint16(34, bytesPerSample * 8, true)
  if (isMulaw) {
    writeTag(view, 38, 'fact')
    view.setUint32(42, 4, true)
    view.setUint32(46, dataBytes === null ? UNKNOWN_SIZE : Math.floor(dataBytes / blockAlign), true)
  }
  writeTag(view, length - 8, 'data')
  view.setUint32(length - 4, Math.min(dataBytes ?? UNKNOWN_SIZE, UNKNOWN_SIZE), true)
  return header
}

/** Thrown for bytes that are no WAV, or one of an encoding we do not read. */
export class InvalidWav extends Error {
  override name = 'InvalidWav'
}

export interface WavFormat {
  encoding: WavEncoding
  sampleRateHz: number
  channels: number
  /** Where the audio begins. */
  dataOffset: number
  /** What the header claims; null for a placeholder (streamed files carry 0 or 0xffffffff). */
  dataBytes: number | null
}

/** Whether these first bytes (four are enough) announce a WAV. */
export function isWav(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && readTag(bytes, 0) === 'RIFF'
}

/** Reads the header at the start of a stream. Null when more bytes are needed. */
export function readWavFormat(bytes: Uint8Array): WavFormat | null {
  if (bytes.length < 12) return null
  if (readTag(bytes, 0) !== 'RIFF' || readTag(bytes, 8) !== 'WAVE')
    throw new InvalidWav('These bytes are not a WAV file.')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let format: Pick<WavFormat, 'encoding' | 'sampleRateHz' | 'channels'> | null = null
  for (let at = 12; at + 8 <= bytes.length; ) {
    const tag = readTag(bytes, at)
    const size = view.getUint32(at + 4, true)
    const body = at + 8
    if (tag === 'data') {
      if (!format) throw new InvalidWav('The WAV has audio before its format.')
      return { ...format, dataOffset: body, dataBytes: size === 0 || size >= 0xfffffff0 ? null : size }
    }
    if (body + size > HEADER_BYTES_MAX) throw new InvalidWav('The WAV has no audio within its first 64 KiB.')
    if (tag === 'fmt ') {
      if (size < 16) throw new InvalidWav('The WAV has a format chunk that is too short.')
      if (bytes.length < body + size) return null
      format = readFormat(view, body, size)
    }
    at = body + size + (size & 1)
  }
  if (bytes.length > HEADER_BYTES_MAX) throw new InvalidWav('The WAV has no audio within its first 64 KiB.')
  return null
}

/** A whole WAV file and a view of its audio. Sizes that are placeholders or too large mean "until the end". */
export function parseWav(bytes: Uint8Array): WavFormat & { data: Uint8Array } {
  const format = readWavFormat(bytes)
  if (!format) throw new InvalidWav('The WAV ends before its audio.')
  const available = bytes.length - format.dataOffset
  const length = Math.min(format.dataBytes ?? available, available)
  return { ...format, data: bytes.subarray(format.dataOffset, format.dataOffset + length) }
}

function readFormat(
  view: DataView,
  body: number,
  size: number,
): Pick<WavFormat, 'encoding' | 'sampleRateHz' | 'channels'> {
  const outerTag = view.getUint16(body, true)
  const tag = outerTag === TAG_EXTENSIBLE && size >= 26 ? view.getUint16(body + 24, true) : outerTag
  const bits = view.getUint16(body + 14, true)
  const encoding = tag === TAG_MULAW && bits === 8 ? 'mulaw' : tag === TAG_PCM && bits === 16 ? 'pcm16' : null
  if (!encoding)
    throw new InvalidWav(`WAV format ${tag} with ${bits} bits is not supported; use 16-bit PCM or μ-law.`)
  return { encoding, channels: view.getUint16(body + 2, true), sampleRateHz: view.getUint32(body + 4, true) }
}

function writeTag(view: DataView, at: number, tag: string): void {
  for (let i = 0; i < 4; i++) view.setUint8(at + i, tag.charCodeAt(i))
}

function readTag(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4))
}
