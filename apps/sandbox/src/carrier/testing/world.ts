import { silentLog } from '@phonevoice/base'
import { test } from 'vitest'
import { type Carrier, createCarrier } from '../create-carrier.ts'
import { rest, TEST_ACCOUNT } from './rest-client.ts'
import { createTestService, type SeenRequest, type TestService, type TestStream, until } from './service.ts'

/** A carrier and a service of one's own, so that tests in real time can run side by side. */
export interface World {
  carrier: Carrier
  service: TestService
  /** Dials through REST with every status callback, instructed by `/twiml` unless told otherwise. Gives the call's sid. */
  dial(to: string, params?: [string, string][], events?: readonly string[]): Promise<string>
  /** Dials and gives the media stream once it has started. */
  openStream(to?: string): Promise<{ sid: string; stream: TestStream }>
  statusRequests(): SeenRequest[]
  /** The callback that ends a call. */
  final(): Promise<SeenRequest>
}

const ALL_EVENTS = ['initiated', 'ringing', 'answered', 'completed']

async function openWorld(): Promise<World> {
  const carrier = await createCarrier({
    log: silentLog,
    accounts: [TEST_ACCOUNT],
    ringTimeScale: 0.02,
    webhookTimeoutMs: 500,
  })
  const service = await createTestService()
  const world: World = {
    carrier,
    service,
    async dial(to, params = [], events = ALL_EVENTS) {
      const hasInstructions = params.some(([name]) => name === 'Twiml' || name === 'Url')
      const { body } = await rest(carrier.url, 'POST', '/Calls.json', [
        ['To', to],
        ['From', '+12025550190'],
        ['StatusCallback', `${service.url}/status`],
        ...(hasInstructions ? [] : ([['Url', `${service.url}/twiml`]] as [string, string][])),
        ...events.map((event): [string, string] => ['StatusCallbackEvent', event]),
        ...params,
      ])
      return String(body.sid)
    },
    async openStream(to = '+12025550106') {
      const sid = await world.dial(to)
      const stream = await until(() => service.streams[0])
      await until(() => stream.streamSid)
      return { sid, stream }
    },
    statusRequests: () => service.requests.filter(({ path }) => path === '/status'),
    final: () => until(() => service.requests.find(({ params }) => params.has('CallDuration'))),
  }
  return world
}

/** `test` with a `world` that is closed afterwards. */
export const worldTest = test.extend<{ world: World }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of the fixtures it needs from this pattern
  world: async ({}, use) => {
    const world = await openWorld()
    await use(world)
    await world.carrier.close()
    await world.service.close()
  },
})
