import type { IncomingHttpHeaders } from 'node:http'
import type { Timers } from '@phonevoice/base'
import type { FaultTarget } from './faults.ts'

/** One request that reached the simulated vendors. */
export interface LoggedRequest {
  /** 1, 2, 3 … */
  number: number
  target: FaultTarget
  /** Which endpoint of which vendor: the path of the request, without its query. */
  path: string
  /** Unix milliseconds. */
  atMs: number
  /** As received; keys are masked. */
  headers: Readonly<Record<string, string>>
  /** The parsed body; of a transcription session its last `session.update`. */
  body: unknown
  /** What was answered (text sent, tool calls as JSON) or heard (transcripts), so far. */
  reply: string
  /** `aborted`: the client went away first. `failed`: refused, or struck by a fault. */
  outcome: 'running' | 'completed' | 'aborted' | 'failed'
}

/** The latest requests, oldest first. */
export interface RequestLog {
  readonly entries: readonly LoggedRequest[]
  /** Starts an entry, which its route then keeps up to date. */
  add(target: FaultTarget, path: string, headers: IncomingHttpHeaders, body: unknown): LoggedRequest
  clear(): void
  /** The first entry, past or future, that `predicate` accepts; it is asked again whenever an entry is added or `changed` is called. Rejects after `timeoutMs`. */
  waitFor(predicate: (entry: LoggedRequest) => boolean, timeoutMs: number): Promise<LoggedRequest>
  /** Tells those who wait that an entry has changed. */
  changed(): void
}

const KEPT_MAX = 500

export function createRequestLog(timers: Timers): RequestLog {
  const entries: LoggedRequest[] = []
  const waiting = new Set<() => void>()
  let count = 0
  const changed = (): void => {
    for (const look of [...waiting]) look()
  }
  return {
    entries,
    changed,
    add(target, path, headers, body) {
      const entry: LoggedRequest = {
        number: ++count,
        target,
        path,
        atMs: timers.now(),
        headers: toPlainHeaders(headers),
        body,
        reply: '',
        outcome: 'running',
      }
      entries.push(entry)
      if (entries.length > KEPT_MAX) entries.shift()
      changed()
      return entry
    },
    clear: () => void entries.splice(0),
    waitFor(predicate, timeoutMs) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const found = entries.find(predicate)
          if (!found) return
          end()
          resolve(found)
        }
        const timer = timers.after(timeoutMs, () => {
          end()
          reject(new Error(`No matching request reached the sandbox within ${timeoutMs} ms.`))
        })
        const end = (): void => {
          timer.cancel()
          waiting.delete(look)
        }
        waiting.add(look)
        look()
      })
    },
  }
}

const KEY_HEADERS: ReadonlySet<string> = new Set(['authorization', 'xi-api-key'])

function toPlainHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const text = Array.isArray(value) ? value.join(', ') : (value ?? '')
      return [name, KEY_HEADERS.has(name) ? text.replace(/^(\S+ )?.*(?=.{4}$)/s, '$1…') : text]
    }),
  )
}
