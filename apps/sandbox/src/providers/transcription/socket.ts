import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Timer } from '@phonevoice/base'
import type { WebSocket } from 'ws'
import type { Fault } from '../faults.ts'
import type { ProviderContext } from '../http.ts'
import { type CommittedItem, createTranscriptionSession } from './session.ts'
import { clientEventSchema, EventError } from './wire.ts'

/** A session lives an hour at most (Realtime API, limits). */
const SESSION_MS_MAX = 60 * 60_000
/** Finals held back to come out of order wait this long at most. */
const HELD_MS_MAX = 10_000
/** Finals on their way at once; a client that commits faster is cut off. */
const FINALS_MAX = 1000

/**
 * Serves one transcription session of the Realtime API (reference, "Realtime", transcription sessions; guide "Realtime transcription").
 *
 * Per item: `…transcription.delta` while its audio comes in, then on commit `input_audio_buffer.committed`, `conversation.item.added`,
 * `conversation.item.done`, and after a while `…transcription.completed` (or `.failed`). Finals carry the item id and may be out of order.
 */
export function serveTranscription(
  socket: WebSocket,
  request: IncomingMessage,
  context: ProviderContext,
): void {
  const { timers, latencies, faults, requests, log } = context
  const entry = requests.add('transcription', '/v1/realtime', request.headers, null)
  const pending = new Set<Timer>()
  let held: { send: () => void; timer: Timer } | null = null
  let isStalled = false

  const session = createTranscriptionSession({
    onDelta(itemId, delta) {
      send('conversation.item.input_audio_transcription.delta', { item_id: itemId, content_index: 0, delta })
    },
  })
  const sessionId = `sess_${randomBytes(12).toString('hex')}`
  const expiresAt = Math.floor((timers.now() + SESSION_MS_MAX) / 1000)
  const later = (delayMs: number, run: () => void): Timer => {
    const timer = timers.after(delayMs, () => {
      pending.delete(timer)
      run()
    })
    pending.add(timer)
    return timer
  }

  function send(type: string, payload: Record<string, unknown>): void {
    if (isStalled || socket.readyState !== socket.OPEN) return
    socket.send(JSON.stringify({ type, event_id: newEventId(), ...payload }))
  }

  function sendError(
    type: string,
    code: string | null,
    message: string,
    param: string | null,
    eventId: unknown,
  ): void {
    send('error', {
      error: { type, code, message, param, event_id: typeof eventId === 'string' ? eventId : null },
    })
  }

  function toSession(): Record<string, unknown> {
    const { format, transcription } = session.settings
    return {
      type: 'transcription',
      object: 'realtime.transcription_session',
      id: sessionId,
      expires_at: expiresAt,
      audio: { input: { format, transcription, noise_reduction: null, turn_detection: null } },
      include: null,
    }
  }

  function receive(text: string): void {
    const parsed = clientEventSchema.safeParse(parse(text))
    if (!parsed.success)
      throw new EventError('invalid_value', 'The event is not JSON of a known type with its fields.', 'type')
    const event = parsed.data
    switch (event.type) {
      case 'session.update':
        session.update(event.session)
        entry.body = event.session
        requests.changed()
        send('session.updated', { session: toSession() })
        break
      case 'input_audio_buffer.append':
        session.append(event)
        strike()
        break
      case 'input_audio_buffer.clear':
        session.clear()
        send('input_audio_buffer.cleared', {})
        break
      case 'input_audio_buffer.commit':
        announce(session.commit())
        break
      default:
        event satisfies never
    }
  }

  function announce(item: CommittedItem): void {
    if (pending.size >= FINALS_MAX) {
      socket.close(1008, 'Too many commits.')
      return
    }
    send('input_audio_buffer.committed', { previous_item_id: item.previousItemId, item_id: item.itemId })
    const added = {
      previous_item_id: item.previousItemId,
      item: {
        id: item.itemId,
        object: 'realtime.item',
        type: 'message',
        status: 'completed',
        role: 'user',
        content: [{ type: 'input_audio', transcript: null }],
      },
    }
    send('conversation.item.added', added)
    send('conversation.item.done', added)
    const fault = takeFault(['item-failed', 'slow', 'out-of-order'])
    const delayMs = latencies.sttFinalMs + (fault?.kind === 'slow' ? fault.delay_ms : 0)
    if (fault?.kind === 'out-of-order') holdBack(item)
    else later(delayMs, () => finish(item, fault))
  }

  function holdBack(item: CommittedItem): void {
    release()
    held = { send: () => conclude(item, null), timer: later(HELD_MS_MAX, release) }
  }

  function release(): void {
    const { send: sendHeld, timer } = held ?? {}
    held = null
    timer?.cancel()
    if (timer) pending.delete(timer)
    sendHeld?.()
  }

  function finish(item: CommittedItem, fault: Fault | null): void {
    conclude(item, fault)
    release()
  }

  function conclude(item: CommittedItem, fault: Fault | null): void {
    const place = { item_id: item.itemId, content_index: 0 }
    if (fault?.kind === 'item-failed') {
      const error = {
        type: 'transcription_error',
        code: fault.code ?? 'audio_unintelligible',
        message: fault.message,
        param: null,
      }
      send('conversation.item.input_audio_transcription.failed', { ...place, error })
      return
    }
    entry.reply = [entry.reply, item.transcript].filter(Boolean).join('\n').slice(-10_000)
    requests.changed()
    send('conversation.item.input_audio_transcription.completed', {
      ...place,
      transcript: item.transcript,
      usage: { type: 'duration', seconds: item.audioSeconds },
    })
  }

  function takeFault(kinds: readonly Fault['kind'][]): Fault | null {
    if (faults.list().length === 0) return null
    return faults.take('transcription', { kinds, text: session.heard, count: session.wordCount })
  }

  /** Faults that befall the socket itself. */
  function strike(): void {
    const fault = takeFault(['cut', 'stall', 'error-payload'])
    if (!fault) return
    entry.outcome = 'failed'
    requests.changed()
    if (fault.kind === 'cut') socket.terminate()
    else if (fault.kind === 'stall') isStalled = true
    else sendError('server_error', fault.code, fault.message, null, null)
  }

  socket.on('message', (data) => {
    const text = data.toString()
    try {
      receive(text)
    } catch (error) {
      if (!(error instanceof EventError)) throw error
      sendError('invalid_request_error', error.code, error.message, error.param, eventIdOf(text))
    }
  })
  socket.on('error', (error) => log.debug('A transcription socket failed.', { error }))
  socket.on('close', () => {
    for (const timer of pending) timer.cancel()
    pending.clear()
    if (entry.outcome === 'running') entry.outcome = 'completed'
    requests.changed()
  })
  later(SESSION_MS_MAX, () => {
    sendError(
      'invalid_request_error',
      'session_expired',
      'Your session hit the maximum duration of 60 minutes.',
      null,
      null,
    )
    socket.close(1000)
  })
  send('session.created', { session: toSession() })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function eventIdOf(text: string): unknown {
  const event = parse(text)
  return typeof event === 'object' && event !== null && 'event_id' in event ? event.event_id : null
}

function newEventId(): string {
  return `event_${randomBytes(12).toString('hex')}`
}
