import type { Log, Timer, Timers } from '@phonevoice/base'
import type { Faults } from './faults.ts'
import type { Param } from './signature.ts'
import type { HttpMethod } from './twiml/parse.ts'
import type { WebhookClient } from './webhook-client.ts'

/** A held callback goes out at the latest after this, even when no successor comes. */
const REORDER_HOLD_MS = 3000

export interface Callback {
  url: string
  method: HttpMethod
  params: readonly Param[]
  authToken: string
  callSid: string
  to: string
  /** `CallStatus` of a progress callback; null for other kinds, which faults leave alone. */
  callStatus: string | null
}

/**
 * Sends callbacks as Twilio does: each an independent request, best effort, never waited for. Faults lose, double, delay and reorder them.
 */
export class CallbackSender {
  readonly #options: { webhooks: WebhookClient; faults: Faults; timers: Timers; log: Log }
  readonly #held = new Map<string, { callback: Callback; timer: Timer }>()
  readonly #timers = new Set<Timer>()
  readonly #abort = new AbortController()
  readonly #running = new Set<Promise<void>>()

  constructor(options: { webhooks: WebhookClient; faults: Faults; timers: Timers; log: Log }) {
    this.#options = options
  }

  send(callback: Callback): void {
    if (this.#abort.signal.aborted) return
    const { callStatus } = callback
    const fault =
      callStatus === null
        ? null
        : this.#options.faults.take(
            'status-callback',
            callback.to,
            (candidate) => candidate.call_status === undefined || candidate.call_status === callStatus,
          )
    switch (fault?.kind) {
      case 'lose':
        return
      case 'double':
        this.#deliver(callback)
        this.#deliver(callback)
        break
      case 'delay':
        this.#later(fault.delay_ms, () => this.#deliver(callback))
        return
      case 'reorder':
        this.#hold(callback)
        return
      default:
        this.#deliver(callback)
    }
    this.#release(callback.callSid)
  }

  /** Ends what is in flight. */
  async close(): Promise<void> {
    this.#abort.abort(new Error('The sandbox is closing'))
    for (const timer of this.#timers) timer.cancel()
    for (const { timer } of this.#held.values()) timer.cancel()
    this.#held.clear()
    await Promise.allSettled(this.#running)
  }

  #hold(callback: Callback): void {
    this.#release(callback.callSid)
    const timer = this.#options.timers.after(REORDER_HOLD_MS, () => this.#release(callback.callSid))
    this.#held.set(callback.callSid, { callback, timer })
  }

  #release(callSid: string): void {
    const held = this.#held.get(callSid)
    if (!held) return
    this.#held.delete(callSid)
    held.timer.cancel()
    this.#later(50, () => this.#deliver(held.callback))
  }

  #later(delayMs: number, run: () => void): void {
    const timer = this.#options.timers.after(delayMs, () => {
      this.#timers.delete(timer)
      run()
    })
    this.#timers.add(timer)
  }

  #deliver(callback: Callback): void {
    const delivery = this.#options.webhooks
      .send({ ...callback, signal: this.#abort.signal })
      .then(({ status }) => {
        if (status >= 400)
          this.#options.log.warn('status callback was refused', {
            callSid: callback.callSid,
            code: 15003,
            status,
          })
      })
      .catch((error: unknown) => {
        if (!this.#abort.signal.aborted) {
          this.#options.log.warn('status callback failed', {
            callSid: callback.callSid,
            url: callback.url,
            error,
          })
        }
      })
    this.#running.add(delivery)
    void delivery.finally(() => this.#running.delete(delivery))
  }
}
