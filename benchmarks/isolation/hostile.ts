/** Receivers nobody wants: each path, or port, has its own way of not answering. */
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { serveJobs } from '../harness/serve-jobs.ts'

const SLOW_MS = 1000
const DRIP_MS = 200
/** More than an HTTP client reads of headers. */
const HEADER = 'x'.repeat(100_000)
const CHUNK = 'y'.repeat(64 * 1024)

const ANSWERS: Record<string, (response: ServerResponse) => void> = {
  '/slow': (response) => void setTimeout(() => response.end(), SLOW_MS),
  '/silent': () => {},
  '/dripping': (response) => {
    const timer = setInterval(() => response.write('.'), DRIP_MS)
    response.on('close', () => clearInterval(timer))
  },
  '/endless': (response) => {
    const pour = (): void => {
      while (!response.destroyed && response.write(CHUNK));
      response.once('drain', pour)
    }
    pour()
  },
  '/huge-headers': (response) => response.writeHead(200, { 'x-huge': HEADER }).end(),
}

const http = createServer((request, response) => {
  response.on('error', () => {})
  request.resume()
  ANSWERS[request.url ?? '']?.(response)
})
/** Speaks no TLS. */
const garbled = createTcpServer((socket) => {
  socket.on('error', () => {})
  socket.end('220 no TLS here\r\n')
})
/** Takes connections and says nothing. */
const mute = createTcpServer((socket) => void socket.on('error', () => {}))

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
const [httpPort, garbledPort, mutePort] = [await portOf(http), await portOf(garbled), await portOf(mute)]

serveJobs({
  slowUrl: () => `http://127.0.0.1:${httpPort}/slow`,
  hostileUrls: () => [
    ...['silent', 'dripping', 'endless', 'huge-headers'].map(
      (name) => `http://127.0.0.1:${httpPort}/${name}`,
    ),
    `https://127.0.0.1:${garbledPort}/`,
    `https://127.0.0.1:${mutePort}/`,
  ],
})
