import { type Log, systemClock } from '@phonevoice/base'
import type { Database } from '@phonevoice/db'
import type { BusMessage, ServiceContext, ServiceSettings, WakeUp } from './context.ts'
import { createSecretBox, readMasterKeys } from './secrets/index.ts'

/** What every process that works with a context reads from its environment. */
export interface ContextConfig {
  SECRETS_KEY: string
  SECRETS_KEYS_OTHER?: string | undefined
  SANDBOX_CARRIER_URL?: string | undefined
  SANDBOX_ACCOUNT_SID?: string | undefined
  SANDBOX_AUTH_TOKEN?: string | undefined
}

/** The context of a process, from its configuration and the clients that its `main.ts` has opened and will close. Throws when a master key is none. */
export function createContext(options: {
  config: ContextConfig
  db: Database
  log: Log
  queue: { wake(wakeUp: WakeUp): void }
  bus: { publish(message: BusMessage): void }
  settings: Omit<ServiceSettings, 'sandbox'>
}): ServiceContext {
  const { config, db, log, queue, bus, settings } = options
  return {
    db,
    clock: systemClock,
    log,
    secrets: createSecretBox({
      db,
      masterKeys: readMasterKeys(config.SECRETS_KEY, config.SECRETS_KEYS_OTHER),
    }),
    wake: (wakeUp) => queue.wake(wakeUp),
    publish: (message) => bus.publish(message),
    settings: { ...settings, sandbox: sandboxAccount(config) },
  }
}

/** The sandbox's carrier account; null when any part of it is missing. */
function sandboxAccount(config: ContextConfig): ServiceSettings['sandbox'] {
  const { SANDBOX_CARRIER_URL, SANDBOX_ACCOUNT_SID, SANDBOX_AUTH_TOKEN } = config
  if (!SANDBOX_CARRIER_URL || !SANDBOX_ACCOUNT_SID || !SANDBOX_AUTH_TOKEN) return null
  return { carrierUrl: SANDBOX_CARRIER_URL, accountSid: SANDBOX_ACCOUNT_SID, authToken: SANDBOX_AUTH_TOKEN }
}
