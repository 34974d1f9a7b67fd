import { createTestClock, silentLog, type TestClock } from '@phonevoice/base'
import { createTestDatabase, type TestDatabase } from '@phonevoice/db/test-database'
import type { BusMessage, ServiceContext, WakeUp } from '../context.ts'
import { createSecretBox, masterKey } from '../secrets/index.ts'

/** A context on a database of its own that notes every wake-up and message. */
export interface TestContext extends ServiceContext {
  db: TestDatabase
  clock: TestClock
  wakeUps: WakeUp[]
  messages: BusMessage[]
}

export const TEST_SANDBOX = {
  carrierUrl: 'http://127.0.0.1:1',
  accountSid: `AC${'0'.repeat(32)}`,
  authToken: 'sandbox-token',
}

export async function createTestContext(serverUrl: string): Promise<TestContext> {
  const wakeUps: WakeUp[] = []
  const messages: BusMessage[] = []
  const db = await createTestDatabase(serverUrl)
  const clock = createTestClock()
  return {
    db,
    clock,
    log: silentLog,
    secrets: createSecretBox({ db, clock, masterKeys: [masterKey(new Uint8Array(32).fill(7))] }),
    wake: (wakeUp) => void wakeUps.push(wakeUp),
    publish: (message) => void messages.push(message),
    settings: { apiOrigin: 'https://api.example.com', sandbox: TEST_SANDBOX },
    wakeUps,
    messages,
  }
}
