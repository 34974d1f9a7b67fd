/** The floor: a WebSocket server that receives the same frames and does nothing with them, or sends each back. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { serveJobs } from '../harness/serve-jobs.ts'

const server = createServer()
const sockets = new WebSocketServer({ server, perMessageDeflate: false })
sockets.on('connection', (socket, request) => {
  const isEcho = request.url === '/echo'
  socket.on('message', (data: Buffer) => {
    if (isEcho) socket.send(data, { binary: false })
  })
  socket.on('error', () => {})
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo

serveJobs({ origin: () => `ws://127.0.0.1:${port}` })
