import type { Server } from 'node:http'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { type Log, systemClock, type Timers } from '@phonevoice/base'
import { Hono } from 'hono'
import { closeServer, listenOnLoopback } from '../loopback-server.ts'
import { createPhoneBook, type PhoneBook } from '../phones/phone-book.ts'
import type { Scenario, ScenarioInput } from '../phones/scenario.ts'
import { scenarioSchema } from '../phones/scenario.ts'
import type { CallReport } from './call.ts'
import { CallRegistry } from './call-registry.ts'
import { CallbackSender } from './callbacks.ts'
import type { CarrierState } from './carrier-state.ts'
import { callIn } from './control/call-in.ts'
import { createControlRoutes } from './control/routes.ts'
import { Faults } from './faults.ts'
import { NumberRegistry } from './numbers.ts'
import { createRestRoutes } from './rest/routes.ts'
import type { EndedCallAnswer } from './rest/update-call.ts'
import { createTickClock } from './tick-clock.ts'
import { createWebhookClient } from './webhook-client.ts'

export interface CarrierOptions {
  /** Default 0: chosen by the operating system. */
  port?: number
  log: Log
  /** Each owns `phoneNumbers`; the first one by default +12025550190 to +12025550199. */
  accounts: readonly { accountSid: string; authToken: string; phoneNumbers?: readonly string[] }[]
  timers?: Timers
  /** For a whole webhook exchange. Default 15 s, as with Twilio. */
  webhookTimeoutMs?: number
  /** Multiplies dialling and ringing times; talking always takes its time. Default 1. */
  ringTimeScale?: number
  /** `jittered` (default): media timestamps are a few milliseconds off multiples of 20, as on real streams. */
  streamTimestamps?: 'exact' | 'jittered'
  /** How REST answers a hang-up of an ended call. Default `not-found`. */
  endedCallAnswer?: EndedCallAnswer
}

export interface Carrier {
  /** Origin of REST API and controls, without a trailing slash. */
  readonly url: string
  readonly faults: Faults
  readonly phones: PhoneBook
  /** A simulated phone calls a number; resolves to the call's sid at once. */
  callIn(request: { from: string; to: string; scenario?: ScenarioInput }): string
  /** Null when there is no such call. */
  report(callSid: string): CallReport | null
  /** Newest first. */
  reports(): CallReport[]
  /** Ends every call without callbacks and stops listening. */
  close(): Promise<void>
}

/** Starts a Twilio-compatible carrier with simulated phones, on loopback only: its controls need no credentials. */
export async function createCarrier(options: CarrierOptions): Promise<Carrier> {
  const timers = options.timers ?? systemClock
  const { log } = options
  const ticks = createTickClock({ onError: (error) => log.error('a call failed at a tick', { error }) })
  const faults = new Faults()
  const webhooks = createWebhookClient({ timeoutMs: options.webhookTimeoutMs ?? 15_000 })
  const callbacks = new CallbackSender({ webhooks, faults, timers, log })
  const calls = new CallRegistry()
  const state: CarrierState = {
    accounts: new Map(options.accounts.map(({ accountSid, authToken }) => [accountSid, authToken])),
    calls,
    numbers: new NumberRegistry(),
    phones: createPhoneBook(),
    faults,
    services: {
      timers,
      ticks,
      webhooks,
      callbacks,
      faults,
      log,
      ringTimeScale: options.ringTimeScale ?? 1,
      streamTimestamps: options.streamTimestamps ?? 'jittered',
      onEnded: (call) => calls.noteEnded(call),
    },
  }
  for (const [index, account] of options.accounts.entries()) {
    for (const phoneNumber of account.phoneNumbers ?? (index === 0 ? DEFAULT_NUMBERS : [])) {
      state.numbers.add(account.accountSid, phoneNumber, timers.now())
    }
  }

  const app = new Hono<{ Bindings: HttpBindings }>()
  app.route(
    '/2010-04-01',
    createRestRoutes(state, { endedCallAnswer: options.endedCallAnswer ?? 'not-found' }),
  )
  app.route('/sandbox', createControlRoutes(state))
  app.get('/healthz', (c) => c.json({ status: 'ok' }))
  const server = createAdaptorServer({ fetch: app.fetch }) as Server
  const url = await listenOnLoopback(server, options.port ?? 0)

  let closing: Promise<void> | null = null
  return {
    url,
    faults,
    phones: state.phones,
    callIn({ from, to, scenario }) {
      const parsed: Scenario | null = scenario === undefined ? null : scenarioSchema.parse(scenario)
      return callIn(state, { from, to, scenario: parsed }).record.sid
    },
    report: (callSid) => calls.find(callSid)?.report() ?? null,
    reports: () => calls.list().map((call) => call.report()),
    close() {
      closing ??= (async () => {
        for (const call of calls.list()) call.close()
        ticks.close()
        await callbacks.close()
        await closeServer(server)
      })()
      return closing
    },
  }
}

const DEFAULT_NUMBERS = Array.from({ length: 10 }, (_, index) => `+120255501${90 + index}`)
