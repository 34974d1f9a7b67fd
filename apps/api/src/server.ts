import type { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { systemClock } from '@phonevoice/base'
import { createAddressGuard } from '@phonevoice/services/rate-limits'
import type { ApiDependencies } from './dependencies.ts'
import { addDocs } from './docs/add-docs.ts'
import { handleError } from './error-handler.ts'
import { bearer } from './middleware/bearer.ts'
import { bodySize } from './middleware/body-size.ts'
import { jsonDepth } from './middleware/json-depth.ts'
import { rateLimit } from './middleware/rate-limit.ts'
import { requestId } from './middleware/request-id.ts'
import { wideEvent } from './middleware/wide-event.ts'
import { answerUnknown } from './not-found.ts'
import { describeApi } from './openapi.ts'
import { type Api, createApi } from './routes/describe.ts'
import { addRoutes } from './routes/index.ts'

export interface ApiServer {
  /** For requests without a socket. */
  readonly app: Api
  /** Begins to listen; port 0 lets the system choose. */
  listen(options: { port: number; host: string }): Promise<{ port: number }>
  /** Takes no new connections, ends event streams, lets requests finish for `graceMs` (default 5,000), then closes what is left. */
  close(graceMs?: number): Promise<void>
}

const BODY_BYTES_MAX = 256 * 1024
/** Event streams begin to speak at once; everything else is answered in milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000
const SWEEP_MS = 20

export function createServer(dependencies: Omit<ApiDependencies, 'draining'>): ApiServer {
  const drain = new AbortController()
  const app = createApp({ ...dependencies, draining: drain.signal })
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: 10_000, keepAliveTimeout: 65_000 },
  }) as Server
  const connections = trackConnections(server)
  const closeUnused = () => {
    server.closeIdleConnections()
    // To Node one that was opened in advance, as browsers and proxies do, is not idle: it is waited for as if a request were under way.
    for (const socket of connections) if (socket.bytesRead === 0) socket.destroy()
  }
  let closing: Promise<void> | null = null

  return {
    app,
    listen({ port, host }) {
      return new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => {
          server.off('error', reject)
          resolve({ port: (server.address() as AddressInfo).port })
        })
      })
    },
    close(graceMs = 5000) {
      closing ??= new Promise<void>((resolve) => {
        drain.abort()
        // Sockets live in real time, whatever clock the requests are given. A connection whose last answer is out stays open for the next
        // request, so they are swept until none is left.
        const sweep = systemClock.every(SWEEP_MS, closeUnused)
        const force = systemClock.after(graceMs, () => server.closeAllConnections())
        server.close(() => {
          sweep.cancel()
          force.cancel()
          resolve()
        })
        closeUnused()
      })
      return closing
    },
  }
}

function trackConnections(server: Server): ReadonlySet<Socket> {
  const open = new Set<Socket>()
  server.on('connection', (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  return open
}

function createApp(dependencies: ApiDependencies): Api {
  const guard = createAddressGuard({ clock: dependencies.timers })
  const app = createApi()
  app.onError(handleError)
  app.use(requestId(), wideEvent(dependencies))
  app.use(bodySize(BODY_BYTES_MAX))
  app.use('/v1/*', bearer({ ...dependencies, guard }), rateLimit(dependencies.rateLimiter), jsonDepth())
  addRoutes(app, dependencies)
  describeApi(app)
  addDocs(app)
  app.notFound(answerUnknown(app))
  return app
}
