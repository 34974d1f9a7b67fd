/**
 * A TCP socket that makes postgres.js 3.4 settle every query, and keep every connection usable, when connections break. It stands in for four
 * faults of that version:
 *
 * 1. At `error` it rejects the queries it knows of, and at `close` what is left only if there was no error. A query handed to the connection between
 *    the two is written nowhere and waits for ever. So our `close` never says that there was an error.
 * 2. When the other side closes during the handshake without a word, it connects again at once and without end. So a connection that was closed
 *    before a single byte came is reported as an error first.
 * 3. It puts small writes off with `setImmediate`. A write that is put off while the connection closes is cancelled, but still counts as under way,
 *    and that connection never sends again: each query given to it fails after the connect timeout. Only a write of 1,024 bytes or more goes out at
 *    once and ends that, so the startup message is padded to that length (`STARTUP_PADDING`), and what the lost write left in front of it is cut off.
 *
 * `database.integration.test.ts` kills connections under load and waits for every query. TLS connections are wrapped by postgres.js itself and not
 * covered.
 */
import { Socket } from 'node:net'

/** Goes after a number in a startup parameter: Postgres allows trailing white space there. */
export const STARTUP_PADDING = ' '.repeat(1024)

/** "Frontend/Backend Protocol", Message Formats, StartupMessage: version 3.0. */
const PROTOCOL_VERSION = 196_608

export class SteadySocket extends Socket {
  /** Called once when it is closed. postgres.js removes every listener, so it cannot be one. */
  onGone: () => void = () => {}
  #hasFailed = false
  #hasWritten = false

  override emit(event: string | symbol, ...values: unknown[]): boolean {
    if (event === 'error') this.#hasFailed = true
    if (event !== 'close') return super.emit(event, ...values)
    if (!this.#hasFailed && this.bytesRead === 0)
      super.emit('error', new Error('The database closed the connection before it was ready.'))
    this.onGone()
    return super.emit('close', false)
  }

  /** postgres.js calls it with one buffer and perhaps a callback. */
  override write(...values: unknown[]): boolean {
    const [first, ...rest] = values
    const isFirst = !this.#hasWritten && Buffer.isBuffer(first)
    this.#hasWritten = true
    return Reflect.apply(super.write, this, isFirst ? [startupOnly(first), ...rest] : values)
  }
}

/** Cuts off what an earlier connection did not get to send: it must not come before the startup message, nor be run a second time. */
export function startupOnly(bytes: Buffer): Buffer {
  for (let at = 0; at + 8 <= bytes.length; at++) {
    if (bytes.readInt32BE(at) === bytes.length - at && bytes.readInt32BE(at + 4) === PROTOCOL_VERSION)
      return bytes.subarray(at)
  }
  return bytes
}

/** What postgres.js hands to its `socket` option. */
interface Target {
  path?: string | false
  host: string[]
  port: number[]
}

/** The sockets of one database. */
export interface SteadySockets {
  /** For the `socket` option of postgres.js: a socket that is connecting; what is written meanwhile is kept. */
  connect(target: Target): SteadySocket
  /** Settles when there has been none for a moment; a query that has just been made opens one only in a later turn. */
  gone(): Promise<void>
}

const GONE_FOR_MS = 50

export function createSteadySockets(): SteadySockets {
  const open = new Set<SteadySocket>()
  const waiting = new Set<() => void>()
  let timer: NodeJS.Timeout | undefined

  function look(): void {
    clearTimeout(timer)
    if (open.size > 0 || waiting.size === 0) return
    timer = setTimeout(() => {
      for (const settle of waiting) settle()
      waiting.clear()
    }, GONE_FOR_MS)
  }

  return {
    connect(target) {
      const socket = new SteadySocket()
      open.add(socket)
      socket.onGone = () => {
        open.delete(socket)
        look()
      }
      look()
      if (target.path) return socket.connect(target.path)
      return socket.connect(target.port[0] ?? 5432, target.host[0] ?? '127.0.0.1')
    },
    gone: () =>
      new Promise((resolve) => {
        waiting.add(resolve)
        look()
      }),
  }
}
