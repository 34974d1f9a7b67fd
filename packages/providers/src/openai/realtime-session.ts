/**
 * One WebSocket of realtime transcription, from handshake to end. It joins the vendor's item ids with ours: the vendor announces an item for each commit
 * (`input_audio_buffer.committed`) in the order of the commits, and names only that id afterwards, in whatever order transcripts finish.
 *
 *   connecting ── socket open: session.update sent ──► configuring ── session.updated ──► ready ──► over
 *
 * Any state goes to over: by `close()` (silent), or by a lost connection, a refusal or a missed deadline (`onLost`, once).
 */
import type { Timers } from '@phonevoice/base'
import { categorize } from '../streaming/http-errors.ts'
import type { SttSession, SttSessionEvents } from '../streaming/stt-stream.ts'
import { openVendorSocket } from '../streaming/vendor-socket.ts'
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
  events: SttSessionEvents
}

/** Items the vendor announced and we know nothing about must not collect. */
const TRACKED_ITEMS_MAX = 64
/** Settings a session can do without; the rest of it is what we came for. */
const OPTIONAL_SETTINGS = ['keywords', 'language'] as const

interface VendorItem {
  itemId: string | null
  text: string
  /** A transcript that overtook the announcement of its item. */
  transcript: string | null
}

export function openRealtimeSession(options: SessionOptions): SttSession {
  const { events } = options
  let settings = options.settings
  let updates = 0
  let commits = 0
  /** Our ids in the order of their commits, until the vendor announces its own. */
  const uncommitted: { eventId: string; itemId: string }[] = []
  const items = new Map<string, VendorItem>()
  const socket = openVendorSocket({
    ...options,
    peer: 'recogniser',
    onOpen: configure,
    onText(text) {
      const event = readRealtimeEvent(text)
      if (event) handle(event)
    },
    onLost: events.onLost,
  })

  function configure(): void {
    socket.send(sessionUpdate(`session_${++updates}`, settings))
  }

  function handle(event: RealtimeEvent): void {
    switch (event.type) {
      case 'session-updated':
        if (socket.phase !== 'configuring') break
        socket.markReady()
        events.onReady()
        break
      case 'committed':
        announce(event.vendorItemId)
        break
      case 'delta': {
        const item = itemOf(event.vendorItemId)
        item.text += event.delta
        events.onPartial(item.itemId, item.text)
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
          events.onItemFailed(itemId, event.message || 'The recogniser failed on this span.')
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
    events.onFinal(itemId, transcript)
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
      if (isCommitEmpty) events.onFinal(itemId, '')
      else events.onItemFailed(itemId, error.message || 'The recogniser refused this span.')
    } else if (error.code === 'session_expired') {
      socket.lose('connectivity', 'The recogniser ended the session for its age.')
    } else if (socket.phase === 'configuring') {
      if (!reconfigureWithout(error)) {
        socket.lose(
          category === 'unknown' ? 'invalid-request' : category,
          'The recogniser refused the settings of the session.',
        )
      }
    } else if (category === 'quota' || category === 'authentication') {
      socket.lose(category, 'The recogniser refuses to go on.')
    } else {
      events.onWarning('session', error.message || 'The recogniser reported an error.')
    }
  }

  /** Gives up an optional setting that the error is about, and says so. */
  function reconfigureWithout(error: { param: string | null; message: string }): boolean {
    const blamed = OPTIONAL_SETTINGS.find((name) => (error.param ?? error.message).includes(name))
    const isSet = blamed === 'keywords' ? settings.keywords.length > 0 : settings.language !== null
    if (!blamed || !isSet) return false
    settings = blamed === 'keywords' ? { ...settings, keywords: [] } : { ...settings, language: null }
    events.onWarning(blamed, 'The recogniser refused this setting; it is left out.')
    configure()
    return true
  }

  return {
    get isReady() {
      return socket.phase === 'ready'
    },
    append: (mulaw) => socket.send(audioAppend(mulaw)),
    commit(itemId) {
      const eventId = `commit_${++commits}`
      uncommitted.push({ eventId, itemId })
      socket.send(audioCommit(eventId))
    },
    close: () => socket.close(),
  }
}
