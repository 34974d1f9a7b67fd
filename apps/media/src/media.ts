import { loadVoiceActivity } from '@phonevoice/audio'
import type { Log, Timers } from '@phonevoice/base'
import { newId } from '@phonevoice/base'
import type { Bus, BusSubscription } from '@phonevoice/queue'
import { type CallForSession, loadCallForSession, touchCalls } from '@phonevoice/services/calls'
import type { BusMessage, ServiceContext } from '@phonevoice/services/context'
import type { ObjectStorage } from '@phonevoice/storage'
import { type CallProviders, createCallProviders, type ProviderAccess } from './call-providers.ts'
import { createCommandDesk } from './command-desk.ts'
import { createMediaNode } from './node.ts'
import { openCall } from './open-call.ts'
import { createPhraseCache } from './phrase-cache.ts'
import { prepareCall } from './prepare-call.ts'
import { createMediaServer } from './server.ts'
import type { Session } from './session.ts'
import { createTicker } from './ticker.ts'

export interface MediaDependencies {
  ctx: ServiceContext
  bus: Bus<BusMessage>
  storage: ObjectStorage
  access: Record<'test' | 'live', ProviderAccess>
  guardedFetch: typeof fetch
  timers: Timers
  log: Log
  callsMax: number
}

/** Half of the quiet after which the carrier is asked about a call: nobody asks about one that is being talked on. */
const SIGN_OF_LIFE_MS = 10_000

/** One media process: its socket server, its announcement to others, its live calls. */
export interface Media {
  readonly origin: string
  readonly nodeId: string
  readonly activeCalls: number
  /** Takes no more calls; settles when the last one has ended or `timeoutMs` is over. */
  drain(timeoutMs: number): Promise<void>
  /** Hands over what is still live and closes everything. */
  stop(): Promise<void>
}

/** Starts listening and announces the node. `publicOrigin` null: the loopback address it listens on. */
export async function startMedia(
  deps: MediaDependencies,
  listen: { port: number; host: string },
  publicOrigin: string | null,
): Promise<Media> {
  await loadVoiceActivity()
  const { ctx, timers, log } = deps
  const nodeId = newId('node')
  const sessions = new Map<string, Session>()
  const phrases = createPhraseCache()
  const ticker = createTicker(timers)
  let origin = publicOrigin ?? ''
  let isReady = false
  const providersFor = (call: CallForSession): CallProviders =>
    createCallProviders(call, {
      access: deps.access[call.mode],
      guardedFetch: deps.guardedFetch,
      now: () => ctx.clock.now(),
    })

  const server = createMediaServer({
    nodeId,
    callsMax: deps.callsMax,
    isReady: () => isReady,
    log,
    timers,
    openSession: (claim, sink) =>
      openCall(
        {
          ctx,
          storage: deps.storage,
          providersFor,
          guardedFetch: deps.guardedFetch,
          phrases,
          ticker,
          timers,
          publicOrigin: origin,
          nodeId,
          log,
          onOpen: (callId, session) => sessions.set(callId, session),
          onClosed: (callId, session) => {
            if (sessions.get(callId) === session) sessions.delete(callId)
          },
        },
        claim,
        sink,
      ),
  })
  const listeningPort = await server.listen(listen.port, listen.host)
  origin ||= `ws://127.0.0.1:${listeningPort}`
  const node = createMediaNode({ ctx, nodeId, origin, activeCalls: () => server.activeCalls, timers, log })

  const commands = createCommandDesk({ ctx, nodeId, sessions, timers, log })

  const subscriptions: BusSubscription[] = [
    deps.bus.subscribe('call-prepare', (message) => {
      if (message.nodeId === nodeId) void prepare(message.callId)
    }),
    deps.bus.subscribe('call-end', (message) => {
      if (message.nodeId === nodeId) void endCall(message.callId)
    }),
    deps.bus.subscribe('call-command', (message) => {
      if (message.nodeId === nodeId) void commands.look()
    }),
  ]

  const signsOfLife = timers.every(SIGN_OF_LIFE_MS, () => {
    touchCalls(ctx, { callIds: [...sessions.keys()] }).catch((error: unknown) =>
      log.warn('signs of life could not be written', { error }),
    )
  })

  async function prepare(callId: string): Promise<void> {
    try {
      const call = await loadCallForSession(ctx, { callId })
      if (!call) return
      const providers = providersFor(call)
      try {
        await prepareCall(call, providers, phrases, log)
      } finally {
        for (const { tts } of providers.voices) tts.close?.()
      }
    } catch (error) {
      log.warn('a call could not be prepared', { callId, error })
    }
  }

  async function endCall(callId: string): Promise<void> {
    const session = sessions.get(callId)
    if (!session) return
    try {
      const call = await loadCallForSession(ctx, { callId })
      session.requestEnd(call?.endingReason === 'voicemail' ? 'voicemail' : 'api_ended', null)
    } catch (error) {
      log.warn('the reason of an end could not be read', { callId, error })
      session.requestEnd('api_ended', null)
    }
  }

  await Promise.all(subscriptions.map((subscription) => subscription.ready))
  await node.start()
  isReady = true
  return {
    origin,
    nodeId,
    get activeCalls() {
      return server.activeCalls
    },
    async drain(timeoutMs) {
      isReady = false
      await node.drain()
      const deadline = timers.now() + timeoutMs
      while (server.activeCalls > 0 && timers.now() < deadline) {
        await Promise.race([
          ...[...sessions.values()].map((session) => session.closed),
          new Promise<void>((resolve) => timers.after(1000, resolve)),
        ])
      }
    },
    async stop() {
      isReady = false
      for (const subscription of subscriptions) subscription.close()
      commands.close()
      signsOfLife.cancel()
      await node.stop()
      await server.close()
      ticker.stop()
    },
  }
}
