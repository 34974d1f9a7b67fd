import { createLog, parseConfig, systemClock, type Timers } from '@phonevoice/base'
import { openDatabase } from '@phonevoice/db'
import { createGuardedClient, createProviderClient } from '@phonevoice/outbound-http'
import { createBus, createWakeQueue } from '@phonevoice/queue'
import type { BusMessage, WakeUp } from '@phonevoice/services/context'
import { createContext } from '@phonevoice/services/create-context'
import { createFolderStorage } from '@phonevoice/storage'
import type { ProviderAccess } from './call-providers.ts'
import { mediaConfigShape } from './config.ts'
import { startMedia } from './media.ts'

const config = parseConfig(mediaConfigShape, process.env)
const log = createLog({
  service: 'media',
  level: config.LOG_LEVEL,
  showCustomerContent: config.LOG_CUSTOMER_CONTENT,
})
const connection = { redisUrl: config.REDIS_URL ?? null, postgresUrl: config.DATABASE_URL, log }
const db = openDatabase({ url: config.DATABASE_URL, applicationName: 'phonevoice-media' })
const queue = createWakeQueue<WakeUp>(connection)
const bus = createBus<BusMessage>(connection)
const guarded = createGuardedClient({
  allowedRanges: config.OUTBOUND_ALLOWED_RANGES.split(',').filter((range) => range !== ''),
  // All calls of a process may talk to one language model, each with an answer that is made and one that is begun early; none of them may wait for another.
  connectionsPerOriginMax: 2 * config.MEDIA_CALLS_MAX,
  // Longer than the pause between two turns.
  idleTimeoutMs: 90_000,
})
const providers = createProviderClient()
const { fetch } = providers

/** Wall-clock time that never jumps: pacing audio must not follow a corrected system clock. */
const timers: Timers = { ...systemClock, now: () => performance.timeOrigin + performance.now() }

const settings = { apiOrigin: config.API_PUBLIC_ORIGIN, isRecordingForbidden: config.RECORDING_FORBIDDEN }
const ctx = createContext({ config, db, log, queue, bus, settings })
const openai = { baseUrl: config.OPENAI_BASE_URL, apiKey: config.OPENAI_API_KEY ?? null, fetch }
const live: ProviderAccess = {
  openai,
  voice: config.TTS_BASE_URL
    ? { baseUrl: config.TTS_BASE_URL, apiKey: config.TTS_API_KEY ?? null, fetch }
    : openai,
  deepgram: { baseUrl: config.DEEPGRAM_BASE_URL, apiKey: config.DEEPGRAM_API_KEY ?? null, fetch },
  elevenlabs: { baseUrl: config.ELEVENLABS_BASE_URL, apiKey: config.ELEVENLABS_API_KEY ?? null, fetch },
}
const sandboxProvider = {
  baseUrl: config.SANDBOX_PROVIDERS_URL ?? config.OPENAI_BASE_URL,
  apiKey: 'sandbox',
  fetch,
}
/** The sandbox has all vendors at one origin; OpenAI's addresses carry a version, the others' do not. */
const sandboxVendor = { ...sandboxProvider, baseUrl: new URL(sandboxProvider.baseUrl).origin }
const test: ProviderAccess = {
  openai: sandboxProvider,
  voice: sandboxProvider,
  deepgram: sandboxVendor,
  elevenlabs: sandboxVendor,
}

const media = await startMedia(
  {
    ctx,
    bus,
    storage: createFolderStorage(config.STORAGE_DIR),
    access: { live, test },
    guardedFetch: guarded.fetch,
    timers,
    log,
    callsMax: config.MEDIA_CALLS_MAX,
  },
  { port: config.MEDIA_PORT, host: config.MEDIA_HOST },
  config.MEDIA_PUBLIC_ORIGIN ?? null,
)
log.info('listening', { origin: media.origin, nodeId: media.nodeId })
process.send?.({ type: 'listening', urls: { media: media.origin } })

let timesAsked = 0
let stopWaiting = (): void => {}
/** Asked once: waits for its calls to end. Asked again: hands them over now. A third time: whatever is left is dropped. */
async function stop(drainMs: number): Promise<void> {
  timesAsked++
  if (timesAsked === 2) stopWaiting()
  if (timesAsked > 2) process.exit(1)
  if (timesAsked > 1) return
  log.info('draining', { activeCalls: media.activeCalls })
  const isUrgent = new Promise<void>((resolve) => {
    stopWaiting = resolve
  })
  await Promise.race([media.drain(drainMs), isUrgent])
  await media.stop()
  await Promise.all([queue.close(), bus.close(), guarded.close(), providers.close()])
  await db.close()
  process.exit(0)
}
process.on('SIGTERM', () => void stop(config.MEDIA_DRAIN_SECONDS * 1000))
process.on('SIGINT', () => void stop(config.MEDIA_DRAIN_SECONDS * 1000))
// Started by a launcher that is gone: nobody will stop us any more.
process.on('disconnect', () => void stop(0))
