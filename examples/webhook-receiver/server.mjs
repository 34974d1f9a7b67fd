// Receives PhoneVoice webhooks, verifies their signatures and prints them. Plain Node, nothing to install.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

const secret = process.env.WEBHOOK_SECRET
if (!secret) {
  console.error('Set WEBHOOK_SECRET to your webhook secret (whsec_…).')
  process.exit(1)
}
const TOLERANCE_SECONDS = 300
const MAX_BODY_BYTES = 1024 * 1024
/** Ids we have handled. An event may come twice; keep these in your database in real use. */
const seen = new Set()

function isGenuine(header, rawBody) {
  const match = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header ?? '')
  if (!match) return false
  if (Math.abs(Date.now() / 1000 - Number(match[1])) > TOLERANCE_SECONDS) return false
  const expected = createHmac('sha256', secret).update(`${match[1]}.`).update(rawBody).digest()
  return timingSafeEqual(expected, Buffer.from(match[2], 'hex'))
}

const server = createServer((request, response) => {
  receive(request, response).catch(() => response.destroy())
})

async function receive(request, response) {
  const chunks = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) return response.writeHead(413).end()
    chunks.push(chunk)
  }
  // The bytes as they came: the signature covers these, not the parsed JSON.
  const rawBody = Buffer.concat(chunks)
  if (!isGenuine(request.headers['phonevoice-signature'], rawBody)) {
    console.log('refused: the signature is missing, wrong or too old')
    return response.writeHead(400).end()
  }
  // Answer first, work later: we wait at most a few seconds before we try again.
  response.writeHead(204).end()

  const event = JSON.parse(rawBody.toString('utf8'))
  if (seen.has(event.id)) return
  seen.add(event.id)
  console.log(`${event.call_id} #${event.sequence} ${event.event} ${describe(event)}`)
}

function describe({ event, data }) {
  if (event === 'transcription') return `${data.role}: ${data.text}`
  if (event === 'call.completed')
    return `${data.status}, ${data.duration_seconds} s, $${data.cost}, ${data.recording_url}`
  return data.phone_number ?? ''
}

server.on('clientError', (_error, socket) => socket.destroy())
server.listen(Number(process.env.PORT ?? 4000), process.env.HOST ?? '127.0.0.1', () => {
  const { address, port } = server.address()
  console.log(`Waiting for webhooks on http://${address}:${port}/`)
})
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close()
    server.closeAllConnections()
  })
}
