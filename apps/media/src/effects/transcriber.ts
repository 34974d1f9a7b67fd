import type { Timer, Timers } from '@phonevoice/base'
import type { SttPart, SttProvider, SttStream, TurnSignal } from '@phonevoice/providers/contract'

export interface TranscriberOptions {
  /** The first is used; the next ones take over, in order, when it fails for good or keeps a final text back. */
  providers: readonly SttProvider[]
  language: string
  keywords: readonly string[]
  onPartial(itemId: string | null, text: string): void
  onFinal(itemId: string, text: string): void
  onItemFailed(itemId: string): void
  onUsage(provider: SttProvider, audioSeconds: number): void
  onWarning(provider: SttProvider, message: string): void
  /** The recogniser's own opinion on the turn, where it has one; null when one that may have none takes over. */
  onTurn?(signal: TurnSignal | null): void
  /** No provider is left. */
  onFailed(): void
  timers: Timers
}

/** The caller's words: one recogniser stream, replaced by the next configured one when it dies or falls silent. */
export interface Transcriber {
  send(mulaw: Uint8Array): void
  commit(itemId: string): void
  close(): void
  /** The recogniser in use wants silence too. */
  readonly needsContinuousAudio: boolean
}

/** Audio kept of each span, to be replayed to a recogniser that takes over. */
const REPLAY_BYTES_MAX = 30_000 * 8
/** Spans waiting for their text whose audio is kept; beyond it the oldest fails. */
const OPEN_ITEMS_MAX = 8
/** How long a final text is waited for while there is somebody else to ask. The slowest recognisers in use need about this. */
const FINAL_DEADLINE_MS = 1200

/** Audio of one span, newest kept. */
interface Span {
  pieces: Uint8Array[]
  bytes: number
}

export function createTranscriber(options: TranscriberOptions): Transcriber {
  let index = -1
  let stream: SttStream | null = null
  let isClosed = false
  let deadline: Timer | null = null
  /** Audio since the last commit. */
  let span: Span = { pieces: [], bytes: 0 }
  /** Committed spans without a text yet, oldest first. */
  const open = new Map<string, Span>()

  /** The next provider hears everything again that has no text yet. */
  function next(): void {
    deadline?.cancel()
    index++
    const provider = options.providers[index]
    const replaced = stream
    stream = null
    replaced?.close()
    if (!provider) {
      const lost = [...open.keys()]
      open.clear()
      if (isClosed) return
      options.onFailed()
      for (const itemId of lost) options.onItemFailed(itemId)
      return
    }
    const opened = provider.open({
      language: options.language,
      keywords: options.keywords,
      onPart: (part) => {
        // Whoever was replaced still says what it used.
        if (!isClosed && (stream === opened || part.type === 'usage')) receive(provider, part)
      },
    })
    stream = opened
    if (index > 0) options.onTurn?.(null)
    for (const [itemId, { pieces }] of open) {
      for (const mulaw of pieces) opened.sendAudio(mulaw)
      opened.commit(itemId)
    }
    for (const mulaw of span.pieces) opened.sendAudio(mulaw)
    watch()
  }

  /** While something is owed and somebody else could be asked, the debtor has a deadline. */
  function watch(): void {
    deadline?.cancel()
    deadline = null
    const provider = options.providers[index]
    if (open.size === 0 || !provider || options.providers[index + 1] === undefined) return
    deadline = options.timers.after(FINAL_DEADLINE_MS, () => {
      options.onWarning(provider, 'A final text did not come in time; the fallback takes over.')
      next()
    })
  }

  function receive(provider: SttProvider, part: SttPart): void {
    switch (part.type) {
      case 'ready':
        return
      case 'warning':
        options.onWarning(provider, part.message)
        return
      case 'partial':
        options.onPartial(part.itemId, part.text)
        return
      case 'final':
        if (!open.delete(part.itemId)) return
        watch()
        options.onFinal(part.itemId, part.text)
        return
      case 'item-failed':
        if (!open.delete(part.itemId)) return
        watch()
        options.onItemFailed(part.itemId)
        return
      case 'turn':
        options.onTurn?.(part.signal)
        return
      case 'usage':
        options.onUsage(provider, part.audioSeconds)
        return
      case 'failed':
        options.onWarning(provider, part.message)
        next()
        return
      default:
        part satisfies never
    }
  }

  next()
  return {
    send(mulaw) {
      span.pieces.push(mulaw)
      span.bytes += mulaw.length
      while (span.bytes > REPLAY_BYTES_MAX) span.bytes -= span.pieces.shift()!.length
      stream?.sendAudio(mulaw)
    },
    commit(itemId) {
      const said = span
      span = { pieces: [], bytes: 0 }
      if (!stream) {
        options.onItemFailed(itemId)
        return
      }
      if (open.size >= OPEN_ITEMS_MAX) {
        const [oldest] = open.keys()
        if (oldest !== undefined && open.delete(oldest)) options.onItemFailed(oldest)
      }
      open.set(itemId, said)
      stream.commit(itemId)
      watch()
    },
    get needsContinuousAudio() {
      return options.providers[index]?.capabilities.needsContinuousAudio ?? false
    },
    close() {
      if (isClosed) return
      deadline?.cancel()
      // Usage of the last seconds is reported while closing, so the gate shuts afterwards.
      stream?.close()
      isClosed = true
      stream = null
      span = { pieces: [], bytes: 0 }
      open.clear()
    },
  }
}
