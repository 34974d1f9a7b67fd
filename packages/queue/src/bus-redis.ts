import type { Log } from '@phonevoice/base'
import { Redis } from 'ioredis'
import { errorReporter } from './backend.ts'
import type { BusTransport } from './bus.ts'

/** Messages handed to the socket and not yet confirmed; beyond it, new ones are dropped. */
const IN_FLIGHT_MAX = 10_000

/** Pub/sub needs two connections: a subscribed one accepts no other commands. */
export function openRedisBus(url: string, log: Log): BusTransport {
  const report = errorReporter(log, 'The bus cannot reach Redis')
  const publisher = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 1 })
  // Retrying for ever, it subscribes again after each reconnect by itself.
  const subscriber = new Redis(url, { maxRetriesPerRequest: null })
  publisher.on('error', report)
  subscriber.on('error', report)
  const listeners = new Map<string, (payload: string) => void>()
  subscriber.on('message', (channel: string, payload: string) => listeners.get(channel)?.(payload))
  let inFlight = 0
  return {
    publish(channel, payload) {
      if (inFlight >= IN_FLIGHT_MAX) return
      inFlight += 1
      publisher
        .publish(channel, payload)
        .catch(report)
        .finally(() => {
          inFlight -= 1
        })
    },
    async listen(channel, onPayload) {
      listeners.set(channel, onPayload)
      await subscriber.subscribe(channel)
    },
    async close() {
      listeners.clear()
      publisher.disconnect()
      subscriber.disconnect()
    },
  }
}
