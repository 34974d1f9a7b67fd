/**
 * One WebSocket of realtime transcription, from handshake to end. It joins the vendor's item ids with ours: the vendor announces an item for each commit
 * (`input_audio_buffer.committed`) in the order of the commits, and names only that id afterwards, in whatever order transcripts finish.
 *
 *   connecting ── socket open: session.update sent ──► configuring ── session.updated ──► ready ──► over
 *
 * Any state goes to over: by `close()` (silent), or by a lost connection, a refusal or a missed deadline (`onLost`, once).
 */
import type { OutsideCategory, Timers } from '@phonevoice/base'
import { type RawData, WebSocket } from 'ws'
import { categorize } from '../streaming/http-errors.ts'
import {
  audioAppend,
  audioCommit,
  type RealtimeEvent,
  readRealtimeEvent,
  sessionUpdate,
  type TranscriptionSettings,
} from './realtime-wire.ts'

export interface SessionOptions {
  url: string
  headers: Readonly<Record<string, string>>
  settings: TranscriptionSettings
  clock: Timers
  connectTimeoutMs: number
  pingIntervalMs: number
  onReady(): void
  /** The transcript so far of a span; `itemId` is null until it has been committed. */
  onPartial(itemId: string | null, text: string): void
  onFinal(itemId: string, text: string): void
  onItemFailed(itemId: string, message: string): void
  onWarning(setting: string, message: string): void
  onLost(reason: LostReason): void
}

export interface LostReason {
  category: OutsideCategory
  message: string
}

export interface RealtimeSession {
  readonly isReady: boolean
  /** Only while ready. */
  append(mulaw: Uint8Array): void
  /** Only while ready. Its outcome comes as `onFinal` or `onItemFailed`. */
  commit(itemId: string): void
  close(): void
}

/** About a minute and a half of audio: a socket that takes in so little is dead. */
const BUFFERED_BYTES_MAX = 1_000_000
/** Items the vendor announced and we know nothing about must not collect. */
const TRACKED_ITEMS_MAX = 64
const FRAME_BYTES_MAX = 1_000_000
/** Settings a session can do without; the rest of it is what we came for. */
const OPTIONAL_SETTINGS = ['keywords', 'language'] as const

interface VendorItem {
  itemId: string | null
  text: string
  /** A transcript that overtook the announcement of its item. */
  transcript: string | null
}

export function openRealtimeSession(options: SessionOptions): RealtimeSession {
  const { clock } = options
  let settings = options.settings
  let phase: 'connecting' | 'configuring' | 'ready' | 'over' = 'connecting'
  let updates = 0
  let commits = 0
  let hasAnsweredPing = true
  /** Our ids in the order of their commits, until the vendor announces its own. */
  const uncommitted: { eventId: string; itemId: string }[] = []
  const items = new Map<string, VendorItem>()

  const socket = new WebSocket(options.url, {
    headers: options.headers,
    perMessageDeflate: false,
    maxPayload: FRAME_BYTES_MAX,
  })
  const deadline = clock.after(options.connectTimeoutMs, () =>
    lose('timeout', 'The recogniser did not answer in time.'),
  )
  const pings = clock.every(options.pingIntervalMs, () => {
    if (phase !== 'ready') return
    if (!hasAnsweredPing) lose('connectivity', 'The connection to the recogniser is dead.')
    else {
      hasAnsweredPing = false
      socket.ping()
    }
  })

  socket.on('open', () => {
    if (phase !== 'connecting') return
    phase = 'configuring'
    configure()
  })
  socket.on('pong', () => {
    hasAnsweredPing = true
  })
  socket.on('message', (data: RawData, isBinary: boolean) => {
    hasAnsweredPing = true
    if (phase === 'over' || isBinary) return
    const event = readRealtimeEvent(data.toString())
    if (event) handle(event)
  })
  socket.on('unexpected-response', (request, response) => {
    const status = response.statusCode ?? 0
    lose(categorize(status, null), `The recogniser refused the connection with HTTP ${status}.`)
    response.resume()
    request.destroy()
  })
  socket.on('error', () => lose('connectivity', 'The recogniser could not be reached.'))
  socket.on('close', () => lose('connectivity', 'The recogniser closed the connection.'))

  function configure(): void {
    socket.send(sessionUpdate(`session_${++updates}`, settings))
  }

  function handle(event: RealtimeEvent): void {
    switch (event.type) {
      case 'session-updated':
        if (phase !== 'configuring') break
        phase = 'ready'
        deadline.cancel()
        options.onReady()
        break
      case 'committed':
        announce(event.vendorItemId)
        break
      case 'delta': {
        const item = itemOf(event.vendorItemId)
        item.text += event.delta
        options.onPartial(item.itemId, item.text)
        break
      }
      case 'completed': {
        const item = itemOf(event.vendorItemId)
        if (item.itemId === null) item.transcript = event.transcript
        else finish(event.vendorItemId, item.itemId, event.transcript)
        break
      }
      case 'item-failed': {
        const { itemId } = itemOf(event.vendorItemId)
        items.delete(event.vendorItemId)
        if (itemId !== null)
          options.onItemFailed(itemId, event.message || 'The recogniser failed on this span.')
        break
      }
      case 'error':
        handleError(event)
    }
  }

  function announce(vendorItemId: string): void {
    const commit = uncommitted.shift()
    if (!commit) return
    const item = itemOf(vendorItemId)
    item.itemId = commit.itemId
    if (item.transcript !== null) finish(vendorItemId, commit.itemId, item.transcript)
  }

  function finish(vendorItemId: string, itemId: string, transcript: string): void {
    items.delete(vendorItemId)
    options.onFinal(itemId, transcript)
  }

  function itemOf(vendorItemId: string): VendorItem {
    const known = items.get(vendorItemId)
    if (known) return known
    const item: VendorItem = { itemId: null, text: '', transcript: null }
    items.set(vendorItemId, item)
    if (items.size > TRACKED_ITEMS_MAX) items.delete(items.keys().next().value as string)
    return item
  }

  function handleError(error: Extract<RealtimeEvent, { type: 'error' }>): void {
    const isCommitEmpty = error.code === 'input_audio_buffer_commit_empty'
    const commitAt = uncommitted.findIndex(
      ({ eventId }) => eventId === error.eventId || (isCommitEmpty && error.eventId === null),
    )
    const category = categorize(null, error.code)
    if (commitAt !== -1) {
      const itemId = uncommitted[commitAt]?.itemId as string
      uncommitted.splice(commitAt, 1)
      if (isCommitEmpty) options.onFinal(itemId, '')
      else options.onItemFailed(itemId, error.message || 'The recogniser refused this span.')
    } else if (error.code === 'session_expired') {
      lose('connectivity', 'The recogniser ended the session for its age.')
    } else if (phase === 'configuring') {
      if (!reconfigureWithout(error)) {
        lose(
          category === 'unknown' ? 'invalid-request' : category,
          'The recogniser refused the settings of the session.',
        )
      }
    } else if (category === 'quota' || category === 'authentication') {
      lose(category, 'The recogniser refuses to go on.')
    } else {
      options.onWarning('session', error.message || 'The recogniser reported an error.')
    }
  }

  /** Gives up an optional setting that the error is about, and says so. */
  function reconfigureWithout(error: { param: string | null; message: string }): boolean {
    const blamed = OPTIONAL_SETTINGS.find((name) => (error.param ?? error.message).includes(name))
    const isSet = blamed === 'keywords' ? settings.keywords.length > 0 : settings.language !== null
    if (!blamed || !isSet) return false
    settings = blamed === 'keywords' ? { ...settings, keywords: [] } : { ...settings, language: null }
    options.onWarning(blamed, 'The recogniser refused this setting; it is left out.')
    configure()
    return true
  }

  function lose(category: OutsideCategory, message: string): void {
    if (phase === 'over') return
    end()
    socket.terminate()
    options.onLost({ category, message })
  }

  function end(): void {
    phase = 'over'
    deadline.cancel()
    pings.cancel()
    items.clear()
    uncommitted.length = 0
  }

  function send(frame: string): void {
    if (socket.bufferedAmount > BUFFERED_BYTES_MAX)
      lose('connectivity', 'The recogniser no longer takes in audio.')
    else socket.send(frame)
  }

  return {
    get isReady() {
      return phase === 'ready'
    },
    append(mulaw) {
      if (phase === 'ready') send(audioAppend(mulaw))
    },
    commit(itemId) {
      if (phase !== 'ready') return
      const eventId = `commit_${++commits}`
      uncommitted.push({ eventId, itemId })
      send(audioCommit(eventId))
    },
    close() {
      if (phase === 'over') return
      end()
      closeSocket(socket, clock)
    },
  }
}

/** A closing handshake that is not answered must not keep the socket. */
const CLOSE_TIMEOUT_MS = 2000

function closeSocket(socket: WebSocket, clock: Timers): void {
  if (socket.readyState !== WebSocket.OPEN) {
    socket.terminate()
    return
  }
  socket.close(1000)
  const timer = clock.after(CLOSE_TIMEOUT_MS, () => socket.terminate())
  socket.once('close', () => timer.cancel())
}
