import { createLog } from '@phonevoice/base'
import { readSandboxConfig } from './config.ts'
import { createSandbox } from './server.ts'

/** Exits anyway when closing takes longer than this. */
const CLOSE_TIMEOUT_MS = 5000

const config = readSandboxConfig(process.env)
const log = createLog({ service: 'sandbox', level: config.LOG_LEVEL })
const sandbox = await createSandbox({
  carrierPort: config.SANDBOX_PORT,
  providersPort: config.SANDBOX_PROVIDERS_PORT,
  inboxPort: config.SANDBOX_INBOX_PORT,
  accountSid: config.SANDBOX_ACCOUNT_SID,
  authToken: config.SANDBOX_AUTH_TOKEN,
  ringTimeScale: config.SANDBOX_RING_TIME_SCALE,
  ...(config.SANDBOX_WEBHOOK_SECRET === undefined ? {} : { webhookSecret: config.SANDBOX_WEBHOOK_SECRET }),
  log,
})
log.info('the sandbox is listening', { ...sandbox.urls })

/** A launcher that started us as a child learns where we listen. */
process.send?.({ type: 'listening', urls: sandbox.urls })

let isClosing = false
function shutDown(): void {
  if (isClosing) return
  isClosing = true
  setTimeout(() => process.exit(1), CLOSE_TIMEOUT_MS).unref()
  void sandbox.close().then(() => process.exit(0))
}

process.on('SIGTERM', shutDown)
process.on('SIGINT', shutDown)
// A launcher that dies takes its children with it.
process.on('disconnect', shutDown)
