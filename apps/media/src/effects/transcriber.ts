import type { SttPart, SttProvider, SttStream, TurnSignal } from '@phonevoice/providers/contract'

export interface TranscriberOptions {
  /** The first is used; the next ones take over, in order, when it fails for good. */
  providers: readonly SttProvider[]
  language: string
  keywords: readonly string[]
  onPartial(itemId: string | null, text: string): void
  onFinal(itemId: string, text: string): void
  onItemFailed(itemId: string): void
  /** The recogniser's own opinion on the turn, where it has one. */
  onTurn?(signal: TurnSignal): void
  onUsage(provider: SttProvider, audioSeconds: number): void
  onWarning(provider: SttProvider, message: string): void
  /** No provider is left. */
  onFailed(): void
}

/** The caller's words: one recogniser stream, replaced by the next configured one when it dies. */
export interface Transcriber {
  /** The recogniser in use wants silence too. */
  readonly needsContinuousAudio: boolean
  send(mulaw: Uint8Array): void
  commit(itemId: string): void
  close(): void
}

/** Replayed to a recogniser that takes over in the middle of a span. */
const REPLAY_BYTES_MAX = 30_000 * 8

export function createTranscriber(options: TranscriberOptions): Transcriber {
  let index = -1
  let stream: SttStream | null = null
  let isClosed = false
  /** Audio since the last commit, for whoever takes over. */
  let span: Uint8Array[] = []
  let spanBytes = 0
  const open = new Set<string>()

  function next(): void {
    index++
    const provider = options.providers[index]
    if (!provider) {
      stream = null
      if (!isClosed) options.onFailed()
      return
    }
    const opened = provider.open({
      language: options.language,
      keywords: options.keywords,
      onPart: (part) => {
        if (!isClosed && stream === opened) receive(provider, part)
      },
    })
    stream = opened
    for (const mulaw of span) opened.sendAudio(mulaw)
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
        if (open.delete(part.itemId)) options.onFinal(part.itemId, part.text)
        return
      case 'item-failed':
        if (open.delete(part.itemId)) options.onItemFailed(part.itemId)
        return
      case 'turn':
        options.onTurn?.(part.signal)
        return
      case 'usage':
        options.onUsage(provider, part.audioSeconds)
        return
      case 'failed': {
        options.onWarning(provider, part.message)
        const lost = [...open]
        open.clear()
        next()
        for (const itemId of lost) options.onItemFailed(itemId)
        return
      }
      default:
        part satisfies never
    }
  }

  next()
  return {
    get needsContinuousAudio() {
      return options.providers[index]?.capabilities.needsContinuousAudio ?? false
    },
    send(mulaw) {
      span.push(mulaw)
      spanBytes += mulaw.length
      while (spanBytes > REPLAY_BYTES_MAX) spanBytes -= span.shift()!.length
      stream?.sendAudio(mulaw)
    },
    commit(itemId) {
      span = []
      spanBytes = 0
      if (!stream) {
        options.onItemFailed(itemId)
        return
      }
      open.add(itemId)
      stream.commit(itemId)
    },
    close() {
      if (isClosed) return
      // Usage of the last seconds is reported while closing, so the gate shuts afterwards.
      stream?.close()
      isClosed = true
      stream = null
      span = []
    },
  }
}
