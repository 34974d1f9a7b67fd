import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { verifyWebhook } from '@phonevoice/signing'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'

let system: System
const servers: Server[] = []
beforeAll(async () => {
  system = await startSystem({ serverUrl: inject('postgresUrl') })
})
afterAll(async () => {
  for (const server of servers) server.close()
  await system?.stop()
})

/** A tool that answers after a while, and what it was asked. */
async function startTool(answer: string, delayMs: number) {
  const asked: { headers: IncomingMessage['headers']; body: string; isAborted: boolean }[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const entry = { headers: request.headers, body: Buffer.concat(chunks).toString(), isAborted: false }
    asked.push(entry)
    response.on('close', () => {
      entry.isAborted = !response.writableFinished
    })
    setTimeout(() => response.end(answer), delayMs)
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tool`, asked }
}

const orderTool = (url: string) => ({
  type: 'http',
  name: 'find_order',
  description: 'Finds an order.',
  url,
  headers: { 'X-Secret': 'open sesame' },
  parameters: { type: 'object', properties: { number: { type: 'integer' } }, required: ['number'] },
  filler: 'I am looking that up.',
})
const instructions = 'Call find_order with {"number":7} when "my order"\nCall end_call when "that is all"'
const quiet = { analysis: { enabled: false } }

describe('an assistant with tools', () => {
  it.concurrent('looks something up while it speaks, tells the result, and ends the call when it is told to', async () => {
    const tool = await startTool('It is on its way', 1500)
    await system.givePhone('+12025550125', {
      steps: [
        { do: 'listen' },
        { do: 'say', text: 'Where is my order?' },
        { do: 'listen', silence_ms: 2000 },
        { do: 'say', text: 'Thank you, that is all.' },
        { do: 'pause', ms: 15_000 },
      ],
    })
    const assistant = await system.createAssistant({
      ...quiet,
      instructions,
      tools: [orderTool(tool.url), { type: 'end_call' }],
      end_call: { message: 'Have a nice day.' },
    })
    const shown = await system.api('GET', `/v1/assistants/${assistant}`)
    expect(shown.text).not.toContain('open sesame')
    expect(shown.body.tools[0].headers).toEqual({ 'X-Secret': '***' })

    const placed = await system.call({ phone_number: '+12025550125', assistant_id: assistant })
    const { call, webhooks, phone } = await placed.completed()
    expect(call.ended_reason).toBe('assistant_ended')
    expect(phone.phone.heard.text).toContain(
      'I am looking that up. The result of find order is: It is on its way',
    )
    expect(phone.phone.heard.text).toContain('Have a nice day.')
    const said = webhooks.map((webhook) => webhook.json.data).filter((data) => data.role)
    const question = said.find((data) => data.text === 'Where is my order?')
    const answer = said[said.indexOf(question) + 1]
    console.info(`filler ${answer.start_ms - question.end_ms} ms after the question`)
    expect(answer.start_ms - question.end_ms).toBeLessThan(1200)

    expect(tool.asked).toHaveLength(1)
    const { headers, body } = tool.asked[0]!
    expect(JSON.parse(body)).toMatchObject({
      tool: 'find_order',
      call_id: placed.id,
      arguments: { number: 7 },
    })
    expect(headers).toMatchObject({ 'x-secret': 'open sesame', 'phonevoice-call-id': placed.id })
    expect(
      verifyWebhook({
        secret: system.installation.seed.webhookSecret,
        body,
        header: String(headers['phonevoice-signature']),
        nowSeconds: Date.now() / 1000,
      }).ok,
    ).toBe(true)
  })

  it.concurrent('does not lose an order to an interruption: the next request knows its result', async () => {
    const tool = await startTool('Ordered for noon', 2500)
    await system.givePhone('+12025550126', {
      steps: [
        { do: 'listen' },
        { do: 'say', text: 'Please send my order.' },
        { do: 'wait-for-speech', speaking_ms: 300 },
        { do: 'say', text: 'Wait, one more thing, my name is Alex.', interrupts: true },
        { do: 'pause', ms: 4000 },
        { do: 'say', text: 'Is it done?' },
        { do: 'listen' },
        { do: 'hang-up' },
      ],
    })
    const placed = await system.call({
      phone_number: '+12025550126',
      assistant_overrides: {
        ...quiet,
        instructions: `marker-order\n${instructions}`,
        tools: [{ ...orderTool(tool.url), filler: 'I am sending it off, please wait a moment for me.' }],
      },
    })
    await placed.completed()
    expect(tool.asked).toHaveLength(1)
    expect(tool.asked[0]?.isAborted).toBe(false)
    const { body } = await system.providers('GET', '/requests?target=chat')
    const requests: { role: string; content: string | null }[][] = body.requests
      .map((entry: { body: { messages: { role: string; content: string | null }[] } }) => entry.body.messages)
      .filter((messages: { content: string | null }[]) => messages[0]?.content?.includes('marker-order'))
    const last = requests.findLast((messages) => messages.at(-1)?.content?.includes('Is it done'))
    expect(last).toContainEqual(expect.objectContaining({ role: 'tool', content: 'Ordered for noon' }))
    // The vendor refuses a call without an output; none was ever sent.
    expect(system.log('media')).not.toContain('must be followed by tool messages')
  })
})
