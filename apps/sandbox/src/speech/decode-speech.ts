import { readSymbol } from './read-symbol.ts'
import { createSyncSearch, GATE_MEAN_SQUARE, SYNC_BLOCK_SAMPLES } from './sync-search.ts'
import { SYMBOL_SAMPLES_8K } from './tones.ts'
import {
  isIntactPiece,
  PIECE_BYTES_MAX,
  PIECE_OVERHEAD_BYTES,
  PIECES_MAX,
  readHeader,
  textOfPiece,
} from './word-frames.ts'

/** A word read from audio. Times are milliseconds of audio pushed since the decoder was made or reset. */
export interface HeardWord {
  text: string
  startMs: number
  endMs: number
}

export interface SpeechDecoderOptions {
  /** Called for every intact word as soon as its last sample was pushed. */
  onWord(word: HeardWord): void
  /** Called when something that began like a word did not arrive whole; `atMs` is where it began. A word whose beginning is missing leaves no trace. */
  onDamaged?(atMs: number): void
}

/** Reads the simulated voice from 8 kHz audio, in chunks of any length and at any alignment. */
export interface SpeechDecoder {
  push(pcm8k: Int16Array): void
  /** The audio ends here: a word that is not complete is damaged. The clock goes on. */
  flush(): void
  /** Forgets everything, the clock too. */
  reset(): void
}

const SYNC_SAMPLES = 2 * SYMBOL_SAMPLES_8K
const PIECE_SAMPLES_MAX = SYNC_SAMPLES + (PIECE_BYTES_MAX + PIECE_OVERHEAD_BYTES) * SYMBOL_SAMPLES_8K
/** Audio appended at once; larger chunks are taken in steps. */
const STEP_SAMPLES = 2048
/** Room for a whole piece, so that a false start can be searched again, and one step. */
const BUFFER_SAMPLES = PIECE_SAMPLES_MAX + 2 * SYMBOL_SAMPLES_8K + STEP_SAMPLES
/** A symbol that lacks this much at the end of the audio is still read. */
const MISSING_SAMPLES_MAX = 40

/** A piece being read. */
interface OpenPiece {
  /** Position of its first sync sample. */
  start: number
  /** Header, text and checksum; has its length once the header was read. */
  bytes: Uint8Array
  count: number
  hasMore: boolean
}

/** Pieces of a word that goes on. */
interface OpenWord {
  start: number
  texts: Uint8Array[]
}

/**
 * Two states: *searching* for sync in blocks, cheap and behind an energy gate; and *reading* the symbols of one piece. A piece that
 * fails is searched again from just behind its sync, so a false start or a cut hides nothing that comes after it.
 */
export function createSpeechDecoder(options: SpeechDecoderOptions): SpeechDecoder {
  const search = createSyncSearch()
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const buffer = new Int16Array(BUFFER_SAMPLES)
  /** Stream position of buffer[0], one behind the last sample, and of the next block to search. All multiples of a block but `end`. */
  let base = 0
  let end = 0
  let scan = 0
  /** Samples of padding put in by `flush`; not part of the caller's clock. */
  let padding = 0
  let piece: OpenPiece | null = null
  let word: OpenWord | null = null

  const toMs = (position: number): number => Math.max(0, (position - padding) / 8)

  function push(pcm8k: Int16Array): void {
    for (let at = 0; at < pcm8k.length; at += STEP_SAMPLES) {
      append(pcm8k.subarray(at, at + STEP_SAMPLES))
      advance()
    }
  }

  function append(samples: Int16Array): void {
    if (end - base + samples.length > BUFFER_SAMPLES) {
      const keepFrom = toBlock(
        Math.max(base, piece ? piece.start - SYMBOL_SAMPLES_8K : scan - 2 * SYMBOL_SAMPLES_8K),
      )
      buffer.copyWithin(0, keepFrom - base, end - base)
      base = keepFrom
    }
    buffer.set(samples, end - base)
    end += samples.length
  }

  function advance(): void {
    for (;;) {
      if (piece) {
        const from = piece.start + SYNC_SAMPLES + piece.count * SYMBOL_SAMPLES_8K
        if (from + SYMBOL_SAMPLES_8K > end) return
        read(piece, from)
      } else {
        if (scan + SYNC_BLOCK_SAMPLES > end) return
        const start = search.look(buffer, scan - base, scan)
        scan += SYNC_BLOCK_SAMPLES
        if (start !== null) {
          piece = { start: Math.max(base, start), bytes: new Uint8Array(0), count: 0, hasMore: false }
        }
      }
    }
  }

  function read(open: OpenPiece, from: number): void {
    const { byte, meanSquare, isClear } = readSymbol(buffer, from - base)
    const header = open.count === 0 ? readHeader(byte) : null
    if (!isClear || meanSquare < GATE_MEAN_SQUARE || (open.count === 0 && !header)) {
      fail(open)
      return
    }
    if (header) {
      open.bytes = new Uint8Array(header.sizeBytes + PIECE_OVERHEAD_BYTES)
      open.hasMore = header.hasMore
    }
    open.bytes[open.count++] = byte
    if (open.count === open.bytes.length) finishPiece(open, from + SYMBOL_SAMPLES_8K)
  }

  function finishPiece(open: OpenPiece, position: number): void {
    if (word && !isIntactPiece(open.bytes, word.texts.length)) loseWord()
    if (!isIntactPiece(open.bytes, word?.texts.length ?? 0)) {
      fail(open)
      return
    }
    word ??= { start: open.start, texts: [] }
    word.texts.push(textOfPiece(open.bytes))
    continueSearch(position)
    if (open.hasMore && word.texts.length < PIECES_MAX) return
    const { start, texts } = word
    word = null
    const heard = decodeText(texts)
    if (heard === null) options.onDamaged?.(toMs(start))
    else options.onWord({ text: heard, startMs: toMs(start), endMs: toMs(position) })
  }

  function decodeText(texts: readonly Uint8Array[]): string | null {
    try {
      return text.decode(Buffer.concat(texts))
    } catch {
      return null
    }
  }

  function fail(open: OpenPiece): void {
    loseWord()
    options.onDamaged?.(toMs(open.start))
    continueSearch(open.start + SYMBOL_SAMPLES_8K)
  }

  function loseWord(): void {
    if (word) options.onDamaged?.(toMs(word.start))
    word = null
  }

  function continueSearch(position: number): void {
    piece = null
    search.reset()
    scan = Math.max(base, toBlock(position))
  }

  function flush(): void {
    const pad = SYNC_BLOCK_SAMPLES - (end % SYNC_BLOCK_SAMPLES) + MISSING_SAMPLES_MAX
    append(new Int16Array(pad))
    advance()
    while (piece) {
      fail(piece)
      advance()
    }
    loseWord()
    padding += pad
    search.reset()
    scan = toBlock(end)
  }

  function reset(): void {
    base = 0
    end = 0
    scan = 0
    padding = 0
    piece = null
    word = null
    search.reset()
  }

  return { push, flush, reset }
}

/** The words in a piece of 8 kHz audio, joined by single spaces; damaged words are left out. */
export function decodeSpeech(pcm8k: Int16Array): string {
  const words: string[] = []
  const decoder = createSpeechDecoder({ onWord: (word) => words.push(word.text) })
  decoder.push(pcm8k)
  decoder.flush()
  return words.join(' ')
}

function toBlock(position: number): number {
  return Math.floor(position / SYNC_BLOCK_SAMPLES) * SYNC_BLOCK_SAMPLES
}
