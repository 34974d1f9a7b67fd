import { createPcmAssembler, createResampler, encodeMulaw } from '@phonevoice/audio'
import type { Log } from '@phonevoice/base'
import type { TtsProvider } from '@phonevoice/providers/contract'
import type { PhraseCache } from '../phrase-cache.ts'
import { ClauseAudio } from '../pipeline/clause-audio.ts'

export interface VoiceOptions {
  /** The first speaks; the next ones, in order, when it fails before its first sound. */
  providers: readonly { tts: TtsProvider; speed: number }[]
  language: string
  /** Keeps one customer's phrases apart from another's. */
  organizationId: string
  phrases: PhraseCache
  /** More audio has arrived, or a clause is complete. */
  onAudio(): void
  onFailed(responseId: string, clauseId: number): void
  onUsage(tts: TtsProvider, characters: number): void
  log: Log
}

const FIRST_AUDIO_TIMEOUT_MS = 3000
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

  async function runJobs(): Promise<void> {
    if (isRunning) return
    isRunning = true
    for (let job = jobs[0]; job; job = jobs[0]) {
      await synthesise(job)
      jobs = jobs.filter((other) => other !== job)
    }
    isRunning = false
  }

  async function synthesise({ clause, text, controller }: Job): Promise<void> {
    const { signal } = controller
    for (const { tts, speed } of options.providers) {
      if (signal.aborted) return
      try {
        await fill(clause, tts, speed, text, signal)
        return
      } catch (error) {
        if (signal.aborted) return
        options.log.warn('the voice failed', {
          provider: tts.provider,
          model: tts.model,
          error,
          hasAudio: clause.bytes > 0,
        })
        if (clause.bytes > 0) break
      }
    }
    clause.complete()
    options.onAudio()
    if (!signal.aborted) options.onFailed(clause.responseId, clause.clauseId)
  }

  async function fill(
    clause: ClauseAudio,
    tts: TtsProvider,
    speed: number,
    text: string,
    signal: AbortSignal,
  ): Promise<void> {
    const key = phraseKey(options.organizationId, tts, speed, text)
    const known = options.phrases.get(key)
    if (known) {
      clause.append(known)
    } else {
      options.onUsage(tts, text.length)
      for await (const mulaw of synthesiseMulaw(tts, { text, speed, language: options.language, signal })) {
        if (signal.aborted) return
        clause.append(mulaw)
        options.onAudio()
      }
      if (signal.aborted) return
      if (text.length <= CACHED_CHARACTERS_MAX) options.phrases.set(key, clause.read(0, clause.bytes))
    }
    clause.complete()
    options.onAudio()
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
  request: { text: string; speed: number; language: string; signal: AbortSignal },
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
