import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { verifyWebhook } from '@phonevoice/signing'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'

let system: System
const children: ChildProcess[] = []
const servers: Server[] = []
beforeAll(async () => {
  system = await startSystem({ serverUrl: inject('postgresUrl') })
})
afterAll(async () => {
  for (const child of children) child.kill()
  for (const server of servers) server.close()
  await system?.stop()
})

describe('an assistant with a model of its own', () => {
  it('says what that model says, and tells it which call it is for', async () => {
    const asked: {
      headers: Record<string, string | string[] | undefined>
      body: string
      path: string | undefined
    }[] = []
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      asked.push({ headers: request.headers, body: Buffer.concat(chunks).toString(), path: request.url })
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const word of [
        'Purple ',
        'elephants ',
        'dance ',
        'at ',
        'midnight. ',
        'Goodbye! ',
        '<hang',
        'up/>',
      ]) {
        response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: word } }] })}\n\n`)
      }
      response.end('data: [DONE]\n\n')
    })
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/my/v1?tenant=7`
    const assistant = await system.createAssistant({
      llm: { provider: 'custom', url, model: 'mine', headers: { 'X-Secret': 'open sesame' } },
    })
    const shown = await system.api('GET', `/v1/assistants/${assistant}`)
    expect(shown.text).not.toContain('open sesame')

    const placed = await system.call({
      phone_number: '+12025550100',
      assistant_id: assistant,
      metadata: { crm_id: 'c_42' },
    })
    const { call, phone } = await placed.completed()
    expect(phone.phone.heard.text).toContain('Purple elephants dance at midnight. Goodbye!')
    expect(phone.phone.heard.text).not.toContain('hang')
    expect(call.ended_reason).toBe('assistant_ended')

    // An answer begun early may have been asked for before the sentence was whole.
    const first = asked.find(({ body }) => JSON.parse(body).messages.at(-1).content.endsWith('appointment.'))
    const body = JSON.parse(first?.body ?? '')
    expect(first?.path).toBe('/my/v1/chat/completions?tenant=7')
    expect(body).toMatchObject({
      model: 'mine',
      stream: true,
      metadata: { call_id: placed.id, assistant_id: assistant, crm_id: 'c_42' },
    })
    expect(body.user).toEqual(expect.any(String))
    expect(body.messages.at(-1)).toEqual({
      role: 'user',
      content: 'Hello, I would like to book an appointment.',
    })
    expect(first?.headers).toMatchObject({ 'phonevoice-call-id': placed.id, 'x-secret': 'open sesame' })
    const signature = verifyWebhook({
      secret: system.installation.seed.webhookSecret,
      body: first?.body ?? '',
      header: String(first?.headers['phonevoice-signature']),
      nowSeconds: Date.now() / 1000,
    })
    expect(signature.ok).toBe(true)
  })

  it('can be the example server of the documentation', async () => {
    const example = spawn(process.execPath, [path.resolve('examples/custom-llm/server.mjs')], {
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(example)
    const [line] = await once(example.stdout!, 'data')
    const port = /:(\d+)/.exec(String(line))?.[1]
    const assistant = await system.createAssistant({
      llm: { provider: 'custom', url: `http://127.0.0.1:${port}/v1`, model: 'mine' },
    })
    const placed = await system.call({ phone_number: '+12025550100', assistant_id: assistant })
    const { webhooks } = await placed.completed()
    const answers = webhooks.filter((webhook) => webhook.json.data.role === 'assistant')
    expect(answers.length).toBeGreaterThan(1)
  })

  it('that is down is apologised for, and the end says whose fault it was', async () => {
    const assistant = await system.createAssistant({
      llm: { provider: 'custom', url: 'http://127.0.0.1:9/v1', model: 'mine' },
    })
    const placed = await system.call({ phone_number: '+12025550100', assistant_id: assistant })
    const { call, webhooks } = await placed.completed()
    expect(call).toMatchObject({
      ended_reason: 'llm_failed',
      outcome: { category: 'provider', fault: 'provider' },
    })
    expect(webhooks.filter((webhook) => webhook.json.data.role === 'assistant').length).toBeGreaterThan(1)
  })
})
