// What many write when a framework has already parsed the body: it is serialised again and that text is checked.
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'

createServer(async (request, response) => {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  const body = JSON.parse(text)
  const parts = (request.headers['phonevoice-signature'] ?? '').split(/[,=]/)
  const expected = createHmac('sha256', process.env.WEBHOOK_SECRET)
    .update(`${parts[1]}.${JSON.stringify(body)}`)
    .digest('hex')
  if (parts.at(-1) !== expected) return response.writeHead(400).end()
  console.log(body.event)
  response.end()
}).listen(Number(process.env.PORT), '127.0.0.1')
