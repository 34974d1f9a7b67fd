import { createPcmAssembler, createResampler, encodeMulaw } from '@phonevoice/audio'
import type { Log, Timers } from '@phonevoice/base'
import type { TtsProvider, TtsRequest } from '@phonevoice/providers/contract'
import type { PhraseCache } from '../phrase-cache.ts'
import { ClauseAudio } from '../pipeline/clause-audio.ts'
import { withChunkDeadline } from './chunk-deadline.ts'
import { firstToAnswer } from './first-to-answer.ts'
import { createOrderOfPreference } from './order-of-preference.ts'
import { type SpeechUsage, usageOfText, usageOfTokens } from './speech-usage.ts'

export interface VoiceOptions {
  /** The first speaks; the next ones, in order, when it fails or keeps the caller waiting. */
  providers: readonly { tts: TtsProvider; speed: number }[]
  language: string
  /** Keeps one customer's phrases apart from another's. */
  organizationId: string
  phrases: PhraseCache
  /** More audio has arrived, or a clause is complete. */
  onAudio(): void
  /** The first audio of a response's first clause has come, or was known. */
  onFirstAudio(responseId: string, clauseId: number): void
  onFailed(responseId: string, clauseId: number): void
  /** What the vendor will bill, in its own unit. */
  onUsage(tts: TtsProvider, usage: SpeechUsage): void
  timers: Timers
  log: Log
}

const FIRST_AUDIO_TIMEOUT_MS = 3000
/** How long a voice with a fallback is waited for before the fallback is asked, too. */
const HEAD_START_MS = 500
/** Longest pause between two pieces of audio: with what was sent ahead, the caller hears less of it. */
const CHUNK_TIMEOUT_MS = 800
/** A voice that failed is asked last for the rest of all but the longest calls: one that comes and goes sounds worse than a new one. */
const AVOID_MS = 600_000
/** Phrases longer than this are answers, not phrases; they would only push the others out. */
const CACHED_CHARACTERS_MAX = 300

/** The assistant's voice: turns clauses into audio, one after another, ahead of their playing. */
export interface Voice {
  /** Audio of a clause; it fills while it is played. The same clause of the same response is synthesised once. */
  speak(responseId: string, clauseId: number, text: string): ClauseAudio
  /** Drops what is being synthesised for a response. */
  cancel(responseId: string): void
  close(): void
}

interface Job {
  clause: ClauseAudio
  text: string
  controller: AbortController
}

export function createVoice(options: VoiceOptions): Voice {
  let current = new Map<number, ClauseAudio>()
  let currentResponseId = ''
  let jobs: Job[] = []
  let isRunning = false
  const order = createOrderOfPreference(options.providers.length, AVOID_MS, () => options.timers.now())

  // A voice with a connection of its own gets it before it is needed; the others share theirs with all calls.
  const first = options.providers[0]?.tts
  if (first?.close) void first.warm()

  async function runJobs(): Promise<void> {
    if (isRunning) return
    isRunning = true
    for (let job = jobs[0]; job; job = jobs[0]) {
      await synthesise(job)
      jobs = jobs.filter((other) => other !== job)
    }
    isRunning = false
  }

  /** A voice that breaks off is followed by another one, or by itself, which says the clause again; what was there before is left out. */
  async function synthesise({ clause, text, controller }: Job): Promise<void> {
    const { signal } = controller
    for (let attempt = 1; attempt <= 2 && !signal.aborted; attempt++) {
      try {
        await fill(clause, text, signal)
        return
      } catch (error) {
        if (!signal.aborted) options.log.warn('the voice failed', { error, bytes: clause.bytes })
        // Before the first sound everyone has been asked already.
        if (clause.bytes === 0) break
      }
    }
    clause.complete()
    options.onAudio()
    if (!signal.aborted) options.onFailed(clause.responseId, clause.clauseId)
  }

  async function fill(clause: ClauseAudio, text: string, signal: AbortSignal): Promise<void> {
    const voices = order.current().flatMap((index) => {
      const voice = options.providers[index]
      return voice
        ? [{ ...voice, index, key: phraseKey(options.organizationId, voice.tts, voice.speed, text) }]
        : []
    })
    const favourite = voices[0]
    const known = favourite && clause.bytes === 0 ? options.phrases.get(favourite.key) : null
    if (favourite && known) {
      clause.append(known)
      report(favourite.tts, options.phrases.takeUnbilled(favourite.key))
      tellFirstAudio(clause)
    } else {
      const isWhole = clause.bytes === 0
      let skipBytes = clause.bytes
      let winner = favourite
      const pieces = firstToAnswer({
        contestants: voices.map((voice) => (stop: AbortSignal) => say(voice, text, stop)),
        headStartMs: HEAD_START_MS,
        isAnswer: () => true,
        onFailed: (place) => avoid(voices[place]?.index),
        signal,
        timers: options.timers,
      })
      try {
        for await (const { voice, mulaw } of pieces) {
          if (signal.aborted) return
          if (voice !== winner) avoid(winner?.index)
          winner = voice
          const skipped = Math.min(skipBytes, mulaw.length)
          skipBytes -= skipped
          const isFirst = clause.bytes === 0
          clause.append(mulaw.subarray(skipped))
          if (isFirst) tellFirstAudio(clause)
          options.onAudio()
        }
      } catch (error) {
        avoid(winner?.index)
        throw error
      }
      if (signal.aborted) return
      if (isWhole && winner && text.length <= CACHED_CHARACTERS_MAX)
        options.phrases.set(winner.key, clause.read(0, clause.bytes))
    }
    clause.complete()
    options.onAudio()
  }

  function tellFirstAudio({ responseId, clauseId, bytes }: ClauseAudio): void {
    if (clauseId === 0 && bytes > 0) options.onFirstAudio(responseId, clauseId)
  }

  async function* say<V extends { tts: TtsProvider; speed: number }>(
    voice: V,
    text: string,
    signal: AbortSignal,
  ): AsyncGenerator<{ voice: V; mulaw: Uint8Array }> {
    const { tts, speed } = voice
    report(tts, usageOfText(tts, text))
    const onTokens: TtsRequest['onTokens'] = (tokens) => report(tts, usageOfTokens(tokens))
    const audio = synthesiseMulaw(tts, { text, speed, language: options.language, signal, onTokens })
    for await (const mulaw of withChunkDeadline(audio, CHUNK_TIMEOUT_MS, options.timers)) {
      if (mulaw.length > 0) yield { voice, mulaw }
    }
  }

  function report(tts: TtsProvider, usage: readonly SpeechUsage[]): void {
    for (const used of usage) options.onUsage(tts, used)
  }

  function avoid(index: number | undefined): void {
    if (index !== undefined) order.avoid(index)
  }

  return {
    speak(responseId, clauseId, text) {
      if (responseId !== currentResponseId) {
        this.cancel(currentResponseId)
        currentResponseId = responseId
        current = new Map()
      }
      const known = current.get(clauseId)
      if (known && (known.isComplete || jobs.some((job) => job.clause === known))) return known
      const clause = new ClauseAudio(responseId, clauseId)
      current.set(clauseId, clause)
      jobs.push({ clause, text, controller: new AbortController() })
      void runJobs()
      return clause
    },
    cancel(responseId) {
      for (const job of jobs) if (job.clause.responseId === responseId) job.controller.abort()
      jobs = jobs.filter((job) => job.clause.responseId !== responseId || job === jobs[0])
    },
    close() {
      for (const job of jobs) job.controller.abort()
      jobs = []
      for (const { tts } of options.providers) tts.close?.()
    },
  }
}

/** The name under which a spoken phrase is cached. */
export function phraseKey(organizationId: string, tts: TtsProvider, speed: number, text: string): string {
  return [organizationId, tts.provider, tts.model, tts.voiceId, speed, text].join('\n')
}

/** Streams a clause as 8 kHz μ-law, whatever the voice yields. Throws what the provider throws. */
export async function* synthesiseMulaw(
  tts: TtsProvider,
  request: Omit<TtsRequest, 'firstAudioTimeoutMs'>,
): AsyncIterable<Uint8Array> {
  const audio = tts.synthesize({ ...request, firstAudioTimeoutMs: FIRST_AUDIO_TIMEOUT_MS })
  if (tts.format.encoding === 'mulaw') {
    yield* audio
    return
  }
  const assembler = createPcmAssembler()
  const resampler = createResampler({ fromHz: tts.format.sampleRateHz, toHz: 8000 })
  for await (const bytes of audio) yield encodeMulaw(resampler.process(assembler.push(bytes)))
  yield encodeMulaw(resampler.flush())
}
