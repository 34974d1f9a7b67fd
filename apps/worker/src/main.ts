import { serve } from '@hono/node-server'
import { createLog, parseConfig, systemClock } from '@phonevoice/base'
import { openDatabase } from '@phonevoice/db'
import { createGuardedClient } from '@phonevoice/outbound-http'
import { createBus, createWakeListener, createWakeQueue } from '@phonevoice/queue'
import type { BusMessage, WakeUp } from '@phonevoice/services/context'
import { createContext } from '@phonevoice/services/create-context'
import { createFolderStorage } from '@phonevoice/storage'
import { Hono } from 'hono'
import { workerConfigShape } from './config.ts'
import { createWorker, SLOTS } from './worker.ts'

const config = parseConfig(workerConfigShape, process.env)
const log = createLog({
  service: 'worker',
  level: config.LOG_LEVEL,
  showCustomerContent: config.LOG_CUSTOMER_CONTENT,
})
const connection = { redisUrl: config.REDIS_URL ?? null, postgresUrl: config.DATABASE_URL, log }
const db = openDatabase({ url: config.DATABASE_URL, applicationName: 'phonevoice-worker' })
const queue = createWakeQueue<WakeUp>(connection)
const bus = createBus<BusMessage>(connection)
const client = createGuardedClient({
  // As many as deliveries are under way: at a host that many organizations use, one that is not answered must not keep the others waiting for a connection.
  connectionsPerOriginMax: SLOTS.deliveries,
  allowedRanges: config.OUTBOUND_ALLOWED_RANGES.split(',').filter((range) => range.trim() !== ''),
})

const settings = { apiOrigin: config.API_PUBLIC_ORIGIN, callsConcurrentMax: config.CALLS_CONCURRENT_MAX }
const ctx = createContext({ config, db, log, queue, bus, settings })
const worker = createWorker({
  ctx,
  client,
  storage: createFolderStorage(config.STORAGE_DIR),
  openai: {
    // The sandbox's servers take any key.
    test: config.SANDBOX_PROVIDERS_URL ? { baseUrl: config.SANDBOX_PROVIDERS_URL, apiKey: 'sandbox' } : null,
    live: { baseUrl: config.OPENAI_BASE_URL, apiKey: config.OPENAI_API_KEY ?? null },
  },
  timers: systemClock,
  log,
})
const listener = createWakeListener<WakeUp>({ ...connection, onWake: worker.onWake })
worker.start()

const health =
  config.HEALTH_PORT === undefined
    ? null
    : serve({
        port: config.HEALTH_PORT,
        fetch: new Hono().get('/readyz', (c) =>
          worker.isReady() ? c.json({ status: 'ready' }) : c.json({ status: 'not_ready' }, 503),
        ).fetch,
      })
// The timers alone do not keep a process alive.
const alive = setInterval(() => {}, 60_000)
log.info('working')
process.send?.({ type: 'listening', urls: {} })

let isStopping = false
async function stop(): Promise<void> {
  if (isStopping) return
  isStopping = true
  log.info('draining')
  await listener.close()
  await worker.stop()
  await Promise.all([queue.close(), bus.close(), client.close()])
  await db.close()
  health?.close()
  clearInterval(alive)
  process.exit(0)
}
process.on('SIGTERM', () => void stop())
process.on('SIGINT', () => void stop())
// Started by a launcher that is gone: nobody will stop us any more.
process.on('disconnect', () => void stop())
