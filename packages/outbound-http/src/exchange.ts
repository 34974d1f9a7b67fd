import type { Dispatcher } from 'undici'
import { OutboundError, toOutboundError } from './errors.ts'

export interface Exchanged {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
  isTruncated: boolean
}

export interface Exchange {
  /** Rejects with an `OutboundError`. */
  answer: Promise<Exchanged>
  /** Gives up, wherever it is: the answer is rejected with this reason, and the connection, if there is one, is dropped. */
  abort(reason: OutboundError): void
}

/**
 * One request and at most `bytesMax` of its answer; what comes beyond ends the connection. Written on undici's dispatcher itself: its streams and signals
 * would cost a webhook more than everything else that is done for it.
 */
export function exchange(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  bytesMax: number,
): Exchange {
  const chunks: Buffer[] = []
  let size = 0
  let head: Pick<Exchanged, 'status' | 'headers'> | null = null
  let connection: Dispatcher.DispatchController | null = null
  let reason: OutboundError | null = null
  let isSettled = false
  let settle: (exchanged: Exchanged) => void
  let fail: (error: unknown) => void
  const answer = new Promise<Exchanged>((resolve, reject) => {
    settle = resolve
    fail = reject
  })

  function end(isTruncated: boolean): void {
    if (isSettled || head === null) return
    isSettled = true
    const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
    settle({ ...head, body, isTruncated })
  }
  function abort(why: OutboundError): void {
    reason ??= why
    if (!isSettled) {
      isSettled = true
      fail(reason)
    }
    connection?.abort(reason)
  }

  dispatcher.dispatch(request, {
    onRequestStart(controller) {
      connection = controller
      // Given up while it waited for a connection.
      if (reason) controller.abort(reason)
    },
    onResponseStart(_controller, status, headers) {
      // 100 to 199 announce another head.
      if (status >= 200) head = { status, headers }
    },
    onResponseData(controller, chunk) {
      const room = bytesMax - size
      size += chunk.length
      chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk)
      if (size <= bytesMax) return
      end(true)
      controller.abort(new OutboundError('aborted'))
    },
    onResponseEnd: () => end(false),
    onResponseError(_controller, error) {
      if (isSettled) return
      isSettled = true
      fail(reason ?? toOutboundError(error))
    },
  })
  return { answer, abort }
}
