// A language model of your own, as PhoneVoice calls it: OpenAI chat completions, streamed. Plain Node, nothing to install.
import { createServer } from 'node:http'

const WORDS_PER_SECOND = Number(process.env.WORDS_PER_SECOND ?? 20)

/** Put your own thinking here. `messages` is the conversation so far; what comes back is spoken. */
function answerTo(messages) {
  const heard = messages.filter((message) => message.role === 'user').at(-1)?.content ?? ''
  if (heard === '') return 'Hello, this is your own language model. What can I do for you?'
  // A message that ends in <hangup/> ends the call once it has been heard.
  if (/\b(bye|goodbye|thank you|thanks)\b/i.test(heard)) return 'Thank you for calling. Goodbye. <hangup/>'
  return `You said: ${heard.trim()} What else?`
}

/** After the call the same model is asked, not streamed, for an analysis as a JSON object. */
function analysisOf() {
  return { summary: 'The caller talked to an echo.', sentiment: 'neutral', intent: 'echo', data: null }
}

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy())
})

async function answer(request, response) {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk
  if (request.method !== 'POST' || !request.url.endsWith('/chat/completions'))
    return response.writeHead(404).end()
  let wanted
  try {
    wanted = JSON.parse(body)
  } catch {
    return response.writeHead(400).end()
  }
  if (!wanted.stream) {
    const message = { role: 'assistant', content: JSON.stringify(analysisOf()) }
    const whole = { id: 'chatcmpl-1', object: 'chat.completion', created: 0, model: wanted.model }
    response.writeHead(200, { 'content-type': 'application/json' })
    return response.end(JSON.stringify({ ...whole, choices: [{ index: 0, message, finish_reason: 'stop' }] }))
  }
  const text = answerTo(wanted.messages ?? [])
  console.log(`${request.headers['phonevoice-call-id'] ?? 'no call'}: ${text}`)

  // The caller may interrupt: then PhoneVoice closes the request, and we stop.
  let isCanceled = false
  response.once('close', () => {
    isCanceled = true
  })
  const base = {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: Math.floor(Date.now() / 1000),
    model: wanted.model,
  }
  const send = (delta, finish_reason = null) =>
    response.write(`data: ${JSON.stringify({ ...base, choices: [{ index: 0, delta, finish_reason }] })}\n\n`)

  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  send({ role: 'assistant', content: '' })
  for (const word of text.match(/\S+\s*/g) ?? []) {
    if (isCanceled) return
    send({ content: word })
    await new Promise((resolve) => setTimeout(resolve, 1000 / WORDS_PER_SECOND))
  }
  send({}, 'stop')
  response.end('data: [DONE]\n\n')
}

server.listen(Number(process.env.PORT ?? 4001), process.env.HOST ?? '127.0.0.1', () => {
  const { address, port } = server.address()
  console.log(`Answering chat completions on http://${address}:${port}/v1/chat/completions`)
})
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close()
    server.closeAllConnections()
  })
}
