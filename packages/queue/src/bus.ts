/**
 * Short messages between processes: ids only, best effort. Who is not listening misses them, and so may who is; everything said here can
 * also be found in the database. Redis pub/sub when there is Redis, otherwise LISTEN/NOTIFY.
 */
import type { QueueConnection } from './backend.ts'
import { openPostgresBus } from './bus-postgres.ts'
import { openRedisBus } from './bus-redis.ts'

/** A message is JSON of ids; its topic decides who hears it. At most a few hundred bytes. */
export interface BusMessageShape {
  topic: string
}

export interface Bus<M extends BusMessageShape> {
  /** Returns at once and never throws. */
  publish(message: M): void
  /** Calls `handler` for each message of these topics from now on; also for our own. */
  subscribe<T extends M['topic']>(
    topics: T | readonly T[],
    handler: (message: Extract<M, { topic: T }>) => void,
  ): BusSubscription
  close(): Promise<void>
}

export interface BusSubscription {
  /** Settles when messages are being received; rejects when the bus closes, or gives up, before that. */
  ready: Promise<void>
  /** No call of the handler follows. */
  close(): void
}

/** What a transport does: text to named channels. */
export interface BusTransport {
  publish(channel: string, payload: string): void
  /** Listens to a channel until the transport closes; reconnects by itself. */
  listen(channel: string, onPayload: (payload: string) => void): Promise<void>
  close(): Promise<void>
}

export function createBus<M extends BusMessageShape>(connection: QueueConnection): Bus<M> {
  const transport =
    connection.redisUrl !== null
      ? openRedisBus(connection.redisUrl, connection.log)
      : openPostgresBus(connection.postgresUrl, connection.log)
  const channels = new Map<string, { ready: Promise<void>; handlers: Set<(message: M) => void> }>()
  let closing: Promise<void> | null = null

  function channelOf(topic: string) {
    const known = channels.get(topic)
    if (known) return known
    const handlers = new Set<(message: M) => void>()
    const ready = transport.listen(channelName(topic), (payload) => {
      const message = parse<M>(payload)
      if (message?.topic !== topic) return
      for (const handler of [...handlers]) call(handler, message)
    })
    ready.catch(() => {})
    const channel = { ready, handlers }
    channels.set(topic, channel)
    return channel
  }

  function call(handler: (message: M) => void, message: M): void {
    try {
      handler(message)
    } catch (error) {
      connection.log.error('A bus handler failed', { topic: message.topic, error })
    }
  }

  return {
    publish(message) {
      if (!closing) transport.publish(channelName(message.topic), JSON.stringify(message))
    },
    subscribe(topics, handler) {
      const list = (typeof topics === 'string' ? [topics] : topics) as readonly string[]
      // One function object per subscription, so that the same handler may subscribe twice.
      const own = (message: M) => handler(message as Parameters<typeof handler>[0])
      const joined = list.map((topic) => {
        const channel = channelOf(topic)
        channel.handlers.add(own)
        return channel
      })
      const ready = Promise.all(joined.map((channel) => channel.ready)).then(() => {})
      // Whoever waits is told; nobody has to wait, and a bus that closes while it connects must not end the process.
      ready.catch(() => {})
      return {
        ready,
        close: () => {
          for (const channel of joined) channel.handlers.delete(own)
        },
      }
    },
    close() {
      closing ??= transport.close()
      return closing
    },
  }
}

const channelName = (topic: string): string => `phonevoice:${topic}`

function parse<M>(payload: string): M | null {
  try {
    return JSON.parse(payload) as M
  } catch {
    return null
  }
}
