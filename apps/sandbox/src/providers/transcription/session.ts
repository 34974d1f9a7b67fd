import { randomBytes } from 'node:crypto'
import { createPcmAssembler, createResampler, decodeMulaw } from '@phonevoice/audio'
import { createSpeechDecoder } from '../../speech/index.ts'
import { type ClientEvent, EventError, type SessionSettings, updateSettings } from './wire.ts'

/** Shortest span that can be committed. */
const COMMIT_MS_MIN = 100
/** Largest append (documented as 15 MiB), in base64 characters. */
const APPEND_CHARACTERS_MAX = 15 * 1024 * 1024
/** How much of what was heard is kept. */
const HEARD_CHARACTERS_MAX = 10_000

/** A committed span of audio. */
export interface CommittedItem {
  itemId: string
  previousItemId: string | null
  transcript: string
  audioSeconds: number
}

export interface SessionOptions {
  /** A word was read for the item under construction. */
  onDelta(itemId: string, delta: string): void
}

/** One transcription session without its socket: audio in, words and items out. */
export interface TranscriptionSession {
  readonly settings: SessionSettings
  /** Words heard so far. */
  readonly wordCount: number
  /** The latest words of the session, the unfinished item's included. */
  readonly heard: string
  update(session: unknown): void
  append(event: Extract<ClientEvent, { type: 'input_audio_buffer.append' }>): void
  /** Ends the span. A word that is under way belongs to the next one. Throws `EventError` when there is too little audio. */
  commit(): CommittedItem
  clear(): void
}

/**
 * The words come from the audio alone, read by the decoder of the simulated voice. The item under construction already has the id that
 * its commit will name, so that partial words can be told before.
 */
export function createTranscriptionSession(options: SessionOptions): TranscriptionSession {
  let settings: SessionSettings = { format: { type: 'audio/pcm', rate: 24_000 }, transcription: null }
  const resampler = createResampler({ fromHz: 24_000, toHz: 8000 })
  const assembler = createPcmAssembler()
  let itemId = newItemId()
  let previousItemId: string | null = null
  let words: string[] = []
  let wordCount = 0
  let finishedText = ''
  let bufferedMs = 0

  const decoder = createSpeechDecoder({
    onWord({ text }) {
      words.push(text)
      wordCount++
      options.onDelta(itemId, words.length === 1 ? text : ` ${text}`)
    },
  })

  const heardNow = (): string => [finishedText, words.join(' ')].filter(Boolean).join(' ')

  function startItem(): void {
    itemId = newItemId()
    words = []
    bufferedMs = 0
  }

  return {
    get settings() {
      return settings
    },
    get wordCount() {
      return wordCount
    },
    get heard() {
      return heardNow()
    },
    update(session) {
      settings = updateSettings(settings, session)
    },
    append({ audio }) {
      if (audio.length > APPEND_CHARACTERS_MAX)
        throw new EventError('invalid_value', 'The audio is too large.', 'audio')
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(audio) || audio.length % 4 === 1) {
        throw new EventError('invalid_value', 'The audio is not valid base64.', 'audio')
      }
      const bytes = Buffer.from(audio, 'base64')
      if (settings.format.type === 'audio/pcmu') {
        bufferedMs += bytes.length / 8
        decoder.push(decodeMulaw(bytes))
      } else {
        bufferedMs += bytes.length / 48
        decoder.push(resampler.process(assembler.push(bytes)))
      }
    },
    commit() {
      if (!settings.transcription)
        throw new EventError(
          'invalid_value',
          'No transcription model is set.',
          'session.audio.input.transcription',
        )
      if (bufferedMs < COMMIT_MS_MIN) {
        throw new EventError(
          'input_audio_buffer_commit_empty',
          `Error committing input audio buffer: buffer too small. Expected at least ${COMMIT_MS_MIN}ms of audio, but buffer only has ${bufferedMs.toFixed(2)}ms of audio.`,
        )
      }
      const item = { itemId, previousItemId, transcript: words.join(' '), audioSeconds: bufferedMs / 1000 }
      previousItemId = itemId
      finishedText = heardNow().slice(-HEARD_CHARACTERS_MAX)
      startItem()
      return item
    },
    clear() {
      decoder.reset()
      resampler.reset()
      assembler.reset()
      startItem()
    },
  }
}

function newItemId(): string {
  return `item_${randomBytes(12).toString('hex')}`
}
