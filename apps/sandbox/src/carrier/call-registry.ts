import type { Call } from './call.ts'

/** Ended calls whose audio is kept; the oldest lose theirs first. */
const RECORDINGS_MAX = 100
/** Calls remembered in all; live ones are never forgotten. */
const CALLS_MAX = 5000

/** Every call the carrier remembers, oldest first. */
export class CallRegistry {
  readonly #calls = new Map<string, Call>()
  readonly #recorded: Call[] = []

  add(call: Call): void {
    this.#calls.set(call.record.sid, call)
    if (this.#calls.size <= CALLS_MAX) return
    for (const [sid, old] of this.#calls) {
      if (!old.hasEnded) continue
      this.#calls.delete(sid)
      return
    }
  }

  noteEnded(call: Call): void {
    this.#recorded.push(call)
    if (this.#recorded.length > RECORDINGS_MAX) this.#recorded.shift()!.forgetAudio()
  }

  find(sid: string, accountSid?: string): Call | null {
    const call = this.#calls.get(sid)
    return call && (accountSid === undefined || call.record.accountSid === accountSid) ? call : null
  }

  delete(sid: string): void {
    this.#calls.delete(sid)
  }

  /** Newest first. */
  list(): Call[] {
    return [...this.#calls.values()].reverse()
  }
}
