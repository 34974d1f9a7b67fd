// biome-ignore-all assist/source/organizeImports: docs/webhooks.md shows the part between the marks as it stands.
import { createServer } from 'node:http'

// snippet
import { createHmac, timingSafeEqual } from 'node:crypto'

/** `header` is PhoneVoice-Signature, `rawBody` the bytes of the request before any parsing. */
function isGenuine(secret, header, rawBody) {
  const [timestamp, signature] = header.split(',').map((part) => part.split('=')[1])
  const expected = createHmac('sha256', secret).update(`${timestamp}.`).update(rawBody).digest('hex')
  if (signature.length !== expected.length) return false
  const isFresh = Math.abs(Date.now() / 1000 - Number(timestamp)) < 300
  return isFresh && timingSafeEqual(Buffer.from(signature), Buffer.from(expected))
}
// end of snippet

createServer(async (request, response) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const rawBody = Buffer.concat(chunks)
  const header = request.headers['phonevoice-signature'] ?? 't=,v1='
  if (!isGenuine(process.env.WEBHOOK_SECRET, header, rawBody)) return response.writeHead(400).end()
  console.log(JSON.parse(rawBody).event)
  response.end()
}).listen(Number(process.env.PORT), '127.0.0.1')
