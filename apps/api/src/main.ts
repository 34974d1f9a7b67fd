import { createLog, parseConfig, systemClock } from '@phonevoice/base'
import { createTwilioClient } from '@phonevoice/carriers'
import { openDatabase } from '@phonevoice/db'
import { createBus, createWakeQueue } from '@phonevoice/queue'
import { createAuthenticator } from '@phonevoice/services/api-keys'
import type { BusMessage, WakeUp } from '@phonevoice/services/context'
import { createContext } from '@phonevoice/services/create-context'
import { createRateLimiter } from '@phonevoice/services/rate-limits'
import { createFolderStorage } from '@phonevoice/storage'
import { createCallEventFeed } from './call-event-feed.ts'
import { apiConfigShape } from './config.ts'
import { createServer } from './server.ts'

/** Closing that takes longer than this is cut short. */
const CLOSE_TIMEOUT_MS = 10_000

const config = parseConfig(apiConfigShape, process.env)
const log = createLog({
  service: 'api',
  level: config.LOG_LEVEL,
  showCustomerContent: config.LOG_CUSTOMER_CONTENT,
})
const connection = { redisUrl: config.REDIS_URL ?? null, postgresUrl: config.DATABASE_URL, log }
const db = openDatabase({ url: config.DATABASE_URL, applicationName: 'phonevoice-api' })
const queue = createWakeQueue<WakeUp>(connection)
const bus = createBus<BusMessage>(connection)

/** Without a configured origin it is known once the port is. */
const settings = { apiOrigin: config.API_PUBLIC_ORIGIN ?? '' }
const context = createContext({ config, db, log, queue, bus, settings })
const feed = createCallEventFeed(bus)
const rateLimiter = createRateLimiter({ db, clock: systemClock, timers: systemClock, log })
const server = createServer({
  createContext: (requestLog) => ({ ...context, log: requestLog }),
  authenticator: createAuthenticator(context),
  rateLimiter,
  trustedProxies: config.API_TRUSTED_PROXIES,
  feed,
  storage: createFolderStorage(config.STORAGE_DIR),
  carrierNumbers: (account) => createTwilioClient(account),
  log,
  timers: systemClock,
})

const { port } = await server.listen({ port: config.API_PORT, host: config.API_HOST })
const url = `http://127.0.0.1:${port}`
context.settings.apiOrigin ||= url
log.info('listening', { url, publicOrigin: context.settings.apiOrigin })
process.send?.({ type: 'listening', urls: { api: url } })

let isClosing = false
async function shutDown(): Promise<void> {
  if (isClosing) return
  isClosing = true
  setTimeout(() => process.exit(1), CLOSE_TIMEOUT_MS).unref()
  await server.close()
  feed.close()
  await rateLimiter.close()
  await Promise.all([queue.close(), bus.close()])
  await db.close()
  process.exit(0)
}

process.on('SIGTERM', () => void shutDown())
process.on('SIGINT', () => void shutDown())
// A launcher that dies takes its children with it.
process.on('disconnect', () => void shutDown())
