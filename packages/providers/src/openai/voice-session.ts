/**
 * One WebSocket of the Realtime API on which texts are spoken, one response after another.
 *
 *   connecting ── socket open: session.update ──► configuring ── session.updated ──► ready ──► over
 *
 * A response is ours from `response.create` to `response.done`. Cancelling is asking: the server may send more audio before it stops, which is dropped, and
 * the session is busy until `response.done` says that it has.
 */
import { ProviderError, type Timers } from '@phonevoice/base'
import type { TtsTokens } from '../contract/index.ts'
import { categorize } from '../streaming/http-errors.ts'
import { SPEECH_OPERATION } from '../streaming/speak-in-time.ts'
import { type LostReason, openVendorSocket } from '../streaming/vendor-socket.ts'
import {
  cancelResponse,
  readVoiceEvent,
  speakText,
  speedUpdate,
  type VoiceEvent,
  type VoiceSettings,
  voiceSessionUpdate,
} from './voice-wire.ts'

export interface VoiceSessionOptions {
  /** Name in errors. */
  vendor: string
  url: string
  headers: Readonly<Record<string, string>>
  settings: VoiceSettings
  clock: Timers
  connectTimeoutMs: number
  pingIntervalMs: number
  onReady(): void
  onLost(error: ProviderError): void
}

/** Who is told of one response. */
export interface Speaker {
  onAudio(mulaw: Uint8Array): void
  onDone(): void
  onFailed(error: ProviderError): void
  /** Comes last, also after `cancel`. Null: the vendor did not say. */
  onTokens(tokens: TtsTokens | null): void
}

export interface VoiceSession {
  readonly isOver: boolean
  /** A response is under way, cancelled ones included. */
  readonly isBusy: boolean
  /** Only while ready and not busy. */
  speak(text: string, speed: number, speaker: Speaker): void
  /** Asks for the end of the response under way; its speaker hears nothing more but its tokens. */
  cancel(): void
  close(): void
}

interface Active {
  eventId: string
  responseId: string | null
  speaker: Speaker
  isCancelled: boolean
}

export function openVoiceSession(options: VoiceSessionOptions): VoiceSession {
  let speed = options.settings.speed
  let responses = 0
  let active: Active | null = null
  const socket = openVendorSocket({
    ...options,
    peer: 'voice',
    onOpen: () => socket.send(voiceSessionUpdate(options.settings)),
    onText(frame) {
      const event = readVoiceEvent(frame)
      if (event) handle(event)
    },
    onLost(reason) {
      const error = toError(reason)
      finish((speaker) => speaker.onFailed(error), null)
      options.onLost(error)
    },
  })

  function handle(event: VoiceEvent): void {
    switch (event.type) {
      case 'session-updated':
        if (socket.phase !== 'configuring') break
        socket.markReady()
        options.onReady()
        break
      case 'response-created':
        if (active?.responseId !== null || (event.clause !== null && event.clause !== active.eventId)) break
        active.responseId = event.responseId
        if (active.isCancelled) socket.send(cancelResponse(event.responseId))
        break
      case 'audio':
        if (active?.responseId === event.responseId && !active.isCancelled && event.audio.length > 0)
          active.speaker.onAudio(event.audio)
        break
      case 'response-done':
        if (active?.responseId !== event.responseId) break
        if (event.status === 'completed') finish((speaker) => speaker.onDone(), event.tokens)
        else finish((speaker) => speaker.onFailed(failureOf(event)), event.tokens)
        break
      case 'error':
        handleError(event)
        break
      default:
        event satisfies never
    }
  }

  function handleError({ eventId, code, message }: Extract<VoiceEvent, { type: 'error' }>): void {
    const category = categorize(null, code)
    if (code === 'session_expired') socket.lose('connectivity', 'The voice ended the session for its age.')
    else if (socket.phase === 'configuring')
      socket.lose(
        category === 'unknown' ? 'invalid-request' : category,
        'The voice refused the settings of the session.',
      )
    else if (active && eventId === active.eventId) {
      const error = toError({ category, message: 'The voice refused to speak a text.' }, code, message)
      finish((speaker) => speaker.onFailed(error), null)
    }
    // Other errors leave the session usable; a cancel that comes too late is one of them.
  }

  function finish(tell: (speaker: Speaker) => void, tokens: TtsTokens | null): void {
    if (!active) return
    const { speaker, isCancelled } = active
    active = null
    if (!isCancelled) tell(speaker)
    speaker.onTokens(tokens)
  }

  function failureOf({
    status,
    code,
    message,
  }: Extract<VoiceEvent, { type: 'response-done' }>): ProviderError {
    const category = code === 'content_filter' ? 'invalid-request' : categorize(null, code)
    return toError(
      {
        category: category === 'unknown' ? 'server' : category,
        message: `The voice broke off (${status}).`,
      },
      code,
      message,
    )
  }

  function toError(
    { category, message }: LostReason,
    code: string | null = null,
    detail = '',
  ): ProviderError {
    return new ProviderError(message, {
      vendor: options.vendor,
      operation: SPEECH_OPERATION,
      category,
      ...(code === null ? {} : { vendorCode: code }),
      context: { customer: { vendorMessage: detail } },
    })
  }

  return {
    get isOver() {
      return socket.phase === 'over'
    },
    get isBusy() {
      return active !== null
    },
    speak(text, wantedSpeed, speaker) {
      if (wantedSpeed !== speed) {
        speed = wantedSpeed
        socket.send(speedUpdate(speed))
      }
      active = { eventId: `clause_${++responses}`, responseId: null, speaker, isCancelled: false }
      socket.send(speakText(active.eventId, text))
    },
    cancel() {
      if (!active || active.isCancelled) return
      active.isCancelled = true
      // Before the server has named the response there is nothing to cancel; it is then done when the name comes.
      if (active.responseId !== null) socket.send(cancelResponse(active.responseId))
    },
    close() {
      finish(() => {}, null)
      socket.close()
    },
  }
}
