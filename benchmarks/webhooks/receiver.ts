/** Whoever the webhooks are for: answers at once, and notes when each one came. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serveJobs } from '../harness/serve-jobs.ts'
import { utteranceKey, wallClockMs } from './keys.ts'

const arrivals = new Map<string, number>()
let repeated = 0

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const at = wallClockMs()
    response.end()
    const { call_id: callId, data } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as {
      call_id: string
      data: { turn?: number }
    }
    if (data.turn === undefined) return
    const key = utteranceKey(callId, data.turn)
    if (arrivals.has(key)) repeated++
    else arrivals.set(key, at)
  })
})
server.keepAliveTimeout = 60_000
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo

serveJobs({
  url: () => `http://127.0.0.1:${port}/hooks`,
  count: () => arrivals.size,
  /** What has come since the last time, and forgets it. */
  take() {
    const taken = { arrivals: [...arrivals], repeated }
    arrivals.clear()
    repeated = 0
    return taken
  },
})
