/**
 * OpenAI's own voices, through the Realtime API: text in, μ-law for the carrier out. Its speech endpoint ends in January 2027, and this is the successor the
 * vendor names ("Deprecations"). The model is asked to read aloud; it is a model all the same, and billed by tokens of text and audio.
 *
 * One connection is kept from clause to clause and spoken on by one request at a time; further ones wait. A cancelled clause must have ended at the vendor
 * before the next begins; a connection that does not manage that within a second is replaced.
 */
import { MULAW_BYTES_PER_MS } from '@phonevoice/audio'
import { ProviderError, systemClock, type Timer } from '@phonevoice/base'
import type { TtsProvider, TtsRequest } from '../contract/index.ts'
import { errorOfConnection } from '../streaming/http-errors.ts'
import { createPipe, type Pipe } from '../streaming/pipe.ts'
import { SPEECH_OPERATION, speakInTime } from '../streaming/speak-in-time.ts'
import { orAborted } from '../streaming/watchdog.ts'
import type { OpenAiRealtimeTtsOptions } from './options.ts'
import { openVoiceSession, type VoiceSession } from './voice-session.ts'
import { voiceUrl } from './voice-wire.ts'

const TEXT_LENGTH_MAX = 4096
const SESSION_MS_MAX = 55 * 60_000
const CANCEL_MS_MAX = 1000
/** Ten minutes of audio: no clause is that long, a server that does not stop is. */
const AUDIO_BYTES_MAX = 600_000 * MULAW_BYTES_PER_MS
/** For what the vendor does not report: assistant audio is about 20 tokens a second, text about four characters a token. */
const AUDIO_TOKENS_PER_SECOND = 20
const CHARACTERS_PER_TOKEN = 4

export function createOpenAiRealtimeTts(options: OpenAiRealtimeTtsOptions): TtsProvider {
  const clock = options.clock ?? systemClock
  const provider = options.provider ?? 'openai'
  const chunkTimeoutMs = options.chunkTimeoutMs ?? 4_000
  let isClosed = false
  let session: VoiceSession | null = null
  let openedAtMs = 0
  let ready: Promise<void> = Promise.resolve()
  /** Settles when the request before has left the connection free. */
  let turn: Promise<void> = Promise.resolve()
  /** Settles when the latest response is over at the vendor. */
  let free: Promise<void> = Promise.resolve()

  const failure = (message: string, category: 'invalid-request' | 'server') =>
    new ProviderError(message, { vendor: provider, operation: SPEECH_OPERATION, category })

  /** The connection, opened if there is none that can be used. Rejects with the reason. */
  async function connect(): Promise<VoiceSession> {
    if (isClosed) throw failure('The voice has been closed.', 'invalid-request')
    const isTooOld = clock.now() - openedAtMs >= (options.sessionMsMax ?? SESSION_MS_MAX)
    if (!session || session.isOver || isTooOld) {
      session?.close()
      open()
    }
    const opened = session as VoiceSession
    await ready
    return opened
  }

  function open(): void {
    openedAtMs = clock.now()
    ready = new Promise((resolve, reject) => {
      session = openVoiceSession({
        vendor: provider,
        url: voiceUrl(options.baseUrl, options.model),
        headers: {
          ...(options.apiKey === null ? {} : { authorization: `Bearer ${options.apiKey}` }),
          ...options.headers,
        },
        settings: { voiceId: options.voiceId, instructions: options.instructions, speed: 1 },
        clock,
        connectTimeoutMs: options.connectTimeoutMs ?? 3_000,
        pingIntervalMs: options.pingIntervalMs ?? 10_000,
        onReady: resolve,
        onLost: reject,
      })
    })
    // A connection may break when nobody waits for it; whoever comes next opens another.
    ready.catch(() => {})
  }

  async function* attempt(
    request: TtsRequest,
    before: Promise<void>,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    await orAborted(before, signal)
    const opened = await orAborted(connect(), signal)
    const pipe = createPipe<Uint8Array>()
    let bytes = 0
    let settle = (): void => {}
    const settled = new Promise<void>((resolve) => {
      settle = resolve
    })
    opened.speak(request.text, request.speed, {
      onAudio(mulaw) {
        bytes += mulaw.length
        if (bytes > AUDIO_BYTES_MAX) pipe.fail(failure('The voice does not stop speaking.', 'server'))
        else pipe.push(mulaw)
      },
      onDone() {
        if (bytes === 0) pipe.fail(failure('The voice answered without any audio.', 'server'))
        else pipe.end()
      },
      onFailed: pipe.fail,
      onTokens(tokens) {
        if (tokens) request.onTokens?.(tokens)
        else if (bytes > 0) request.onTokens?.(estimate(request.text, bytes))
        settle()
      },
    })
    try {
      yield* drain(pipe, signal)
    } finally {
      opened.cancel()
      free = freed(opened, settled)
    }
  }

  /** Settles when nothing is under way on the connection any more, if need be because it is gone. */
  async function freed(used: VoiceSession, settled: Promise<void>): Promise<void> {
    if (!used.isBusy) return
    let deadline: Timer | null = null
    const tooLate = new Promise<void>((resolve) => {
      deadline = clock.after(CANCEL_MS_MAX, resolve)
    })
    await Promise.race([settled, tooLate])
    ;(deadline as Timer | null)?.cancel()
    if (used.isBusy) used.close()
  }

  /** Speaks when all requests before it have left the connection, and leaves it in its turn. */
  async function* speak(request: TtsRequest): AsyncGenerator<Uint8Array> {
    const before = turn
    let leave = (): void => {}
    turn = new Promise((resolve) => {
      leave = resolve
    })
    try {
      yield* speakInTime(request, {
        clock,
        vendor: provider,
        textLengthMax: TEXT_LENGTH_MAX,
        chunkTimeoutMs,
        attempt: (signal) => attempt(request, before, signal),
        toError: (thrown) => errorOfConnection(provider, SPEECH_OPERATION, thrown),
      })
    } finally {
      // Whoever was aborted while waiting has used nothing: then `before` decides.
      void before.then(() => free).then(leave)
    }
  }

  return {
    provider,
    model: options.model,
    voiceId: options.voiceId,
    format: { encoding: 'mulaw', sampleRateHz: 8000 },
    billedBy: 'tokens',
    synthesize: speak,
    async warm() {
      await connect().catch(() => {})
    },
    close() {
      isClosed = true
      session?.close()
      session = null
    },
  }
}

async function* drain(pipe: Pipe<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { done, value } = await orAborted(pipe.next(), signal)
    if (done) return
    yield value
  }
}

function estimate(text: string, audioBytes: number) {
  const seconds = audioBytes / (MULAW_BYTES_PER_MS * 1000)
  const textTokens = Math.ceil(text.length / CHARACTERS_PER_TOKEN)
  return {
    inputTokens: textTokens,
    cachedInputTokens: 0,
    outputTokens: textTokens,
    outputAudioTokens: Math.ceil(seconds * AUDIO_TOKENS_PER_SECOND),
    isMeasured: false,
  }
}
