import { createServer } from 'node:http'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { type Log, systemClock, type Timers } from '@phonevoice/base'
import { Hono } from 'hono'
import { closeServer, listenOnLoopback } from '../loopback-server.ts'
import { ApiError } from './api-error.ts'
import { handleChat } from './chat/chat-route.ts'
import { createControlRoutes } from './control-routes.ts'
import { fluxEndpoint } from './deepgram/flux-socket.ts'
import { listenEndpoint } from './deepgram/listen-socket.ts'
import { handleSpeak } from './deepgram/speak-route.ts'
import { handleElevenLabsSpeech } from './elevenlabs/speech-route.ts'
import { createFaultControl, type FaultControl, type FaultInput } from './faults.ts'
import { type ProviderContext, requireKey } from './http.ts'
import { DEFAULT_LATENCIES, type Latencies } from './latencies.ts'
import { createRequestLog, type RequestLog } from './request-log.ts'
import { realtimeEndpoint } from './sockets/realtime-endpoint.ts'
import { createSocketUpgrade } from './sockets/upgrade.ts'
import { handleSpeech } from './speech/speech-route.ts'
import { VendorError } from './vendor-error.ts'

export interface ProviderServerOptions {
  /** Default 0: the system chooses. */
  port?: number
  /** Faults that wait from the beginning. */
  faults?: readonly FaultInput[]
  /** What is left out is as in `DEFAULT_LATENCIES`. */
  latencies?: Partial<Latencies>
  /**
   * Mix the speech of `espeak-ng`, where it is installed, with the simulated voice, for people who want to listen. Default false: it takes
   * more processor time and another pace.
   */
  isAudible?: boolean
  timers?: Timers
  log: Log
}

export interface ProviderServer {
  /** Base URL for OpenAI clients, `http://127.0.0.1:1234/v1`. Deepgram and ElevenLabs are at its origin, the sandbox's own routes there under `/sandbox`. */
  url: string
  faults: FaultControl
  requests: RequestLog
  close(): Promise<void>
}

/** Shown by `GET /v1/models`; requests may name any model. */
const MODELS = ['sandbox-llm', 'sandbox-voice', 'gpt-live-transcribe', 'gpt-realtime-2.1-mini']

/** The simulated language model, voices and recognisers on loopback, speaking the APIs of OpenAI, Deepgram and ElevenLabs at one origin. */
export async function createProviderServer(options: ProviderServerOptions): Promise<ProviderServer> {
  const timers = options.timers ?? systemClock
  const closing = new AbortController()
  const context: ProviderContext = {
    faults: createFaultControl(options.faults),
    requests: createRequestLog(timers),
    latencies: { ...DEFAULT_LATENCIES, ...options.latencies },
    isAudible: options.isAudible ?? false,
    timers,
    log: options.log,
    closing: closing.signal,
  }
  const app = createApp(context)
  const upgrade = createSocketUpgrade(context, [realtimeEndpoint, listenEndpoint, fluxEndpoint])
  const server = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }))
  server.on('upgrade', upgrade.handle)
  const origin = await listenOnLoopback(server, options.port ?? 0)
  return {
    url: `${origin}/v1`,
    faults: context.faults,
    requests: context.requests,
    close() {
      closing.abort()
      upgrade.close()
      return closeServer(server)
    },
  }
}

function createApp(context: ProviderContext): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>()
  app.get('/healthz', (c) => c.json({ status: 'ok' }))
  app.get('/v1/models', (c) => {
    requireKey(c.req.header('authorization'))
    const data = MODELS.map((id) => ({ id, object: 'model', created: 1_760_000_000, owned_by: 'sandbox' }))
    return c.json({ object: 'list', data })
  })
  app.post('/v1/chat/completions', (c) => handleChat(c, context))
  app.post('/v1/audio/speech', (c) => handleSpeech(c, context))
  app.post('/v1/speak', (c) => handleSpeak(c, context))
  app.post('/v1/text-to-speech/:voice/stream', (c) => handleElevenLabsSpeech(c, context))
  app.route('/sandbox', createControlRoutes(context.faults, context.requests))
  app.notFound((c) => {
    const error = new ApiError(404, `Invalid URL (${c.req.method} ${c.req.path})`)
    return c.json(error.body, 404)
  })
  app.onError((error, c) => {
    const answer = error instanceof VendorError ? error : new ApiError(500, 'The sandbox failed.')
    if (answer !== error) context.log.error('A simulated vendor failed.', { error })
    return c.json(answer.body, answer.status as 400, { ...answer.headers })
  })
  return app
}
