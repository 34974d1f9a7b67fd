/**
 * How a word becomes bytes for the air, and back.
 *
 * A word is cut into pieces of at most 31 UTF-8 bytes. Each piece travels as `header, bytes…, checksum high, checksum low`. The header
 * holds the length (5 bits), whether another piece of the same word follows (1 bit) and two parity bits that reject most false syncs at
 * once. The checksum is CRC-16/CCITT over header and bytes, started from a value that depends on the piece's place in its word: a piece
 * heard out of its place never passes.
 */

/** Most bytes in one piece; what the header's five bits can say. */
export const PIECE_BYTES_MAX = 31

/** Most pieces in one word. Longer words are spoken as several words. */
export const PIECES_MAX = 8

/** Bytes of a piece beside its text: one header, two of checksum. */
export const PIECE_OVERHEAD_BYTES = 3

const WORD_BYTES_MAX = PIECE_BYTES_MAX * PIECES_MAX

/** A word ready to be spoken. */
export interface SpokenWord {
  text: string
  /** The pieces, each with header and checksum. */
  pieces: readonly Uint8Array[]
}

/** Splits text at white space into words with their pieces. Words of more than 248 UTF-8 bytes are broken up. */
export function toSpokenWords(text: string): SpokenWord[] {
  return text
    .split(/\s+/u)
    .filter((word) => word !== '')
    .flatMap(breakLongWord)
    .map((word) => ({ text: word, pieces: toPieces(new TextEncoder().encode(word)) }))
}

/** What a header byte says, or null when its parity bits do not fit. */
export function readHeader(header: number): { sizeBytes: number; hasMore: boolean } | null {
  const sizeBytes = header & 31
  const hasMore = (header & 32) !== 0
  if (sizeBytes === 0 || makeHeader(sizeBytes, hasMore) !== header) return null
  return { sizeBytes, hasMore }
}

/** Whether a complete piece (header, text, checksum) is intact and is the `index`-th of its word. */
export function isIntactPiece(piece: Uint8Array, index: number): boolean {
  const body = piece.subarray(0, piece.length - 2)
  const expected = ((piece[piece.length - 2] ?? 0) << 8) | (piece[piece.length - 1] ?? 0)
  return checksum(body, index) === expected
}

/** The text bytes of a complete piece. */
export function textOfPiece(piece: Uint8Array): Uint8Array {
  return piece.subarray(1, piece.length - 2)
}

function toPieces(bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += PIECE_BYTES_MAX) {
    const part = bytes.subarray(at, at + PIECE_BYTES_MAX)
    const piece = new Uint8Array(part.length + PIECE_OVERHEAD_BYTES)
    piece[0] = makeHeader(part.length, at + PIECE_BYTES_MAX < bytes.length)
    piece.set(part, 1)
    const sum = checksum(piece.subarray(0, part.length + 1), pieces.length)
    piece[part.length + 1] = sum >> 8
    piece[part.length + 2] = sum & 255
    pieces.push(piece)
  }
  return pieces
}

function breakLongWord(word: string): string[] {
  if (Buffer.byteLength(word) <= WORD_BYTES_MAX) return [word]
  const parts: string[] = []
  let part = ''
  for (const character of word) {
    if (Buffer.byteLength(part + character) > WORD_BYTES_MAX) {
      parts.push(part)
      part = ''
    }
    part += character
  }
  return [...parts, part]
}

function makeHeader(sizeBytes: number, hasMore: boolean): number {
  const parity = (sizeBytes ^ (sizeBytes >> 2) ^ (sizeBytes >> 4) ^ (hasMore ? 3 : 0)) & 3
  return sizeBytes | (hasMore ? 32 : 0) | (parity << 6)
}

function checksum(bytes: Uint8Array, index: number): number {
  let crc = 0xffff ^ (index * 0x1021)
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff
  }
  return crc & 0xffff
}
