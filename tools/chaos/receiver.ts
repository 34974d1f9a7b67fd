/**
 * A receiver of webhooks in a process of its own, which nobody kills. It writes down what arrives before it answers, one JSON line each, so that the
 * file knows of everything a sender could have been told was received. Started by `product.ts`; `RECEIVED_FILE` says where to write.
 */
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Receipt } from './receipts.ts'

const file = process.env.RECEIVED_FILE ?? ''
/** Long enough for a kill to fall between arrival and answer now and then. */
const ANSWER_AFTER_MS = 20

const server = createServer((request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => {
    const body = Buffer.concat(parts).toString('utf8')
    const url = `http://${request.headers.host}${request.url}`
    const receipt: Receipt = { received_at_ms: Date.now(), url, body, status: 200 }
    appendFileSync(file, `${JSON.stringify(receipt)}\n`)
    setTimeout(() => response.writeHead(200).end(), ANSWER_AFTER_MS)
  })
  request.on('error', () => {})
})
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('disconnect', () => process.exit(0))
