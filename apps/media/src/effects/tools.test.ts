import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTestClock, silentLog, type TestClock } from '@phonevoice/base'
import type { HttpTool } from '@phonevoice/contracts'
import { afterEach, describe, expect, test } from 'vitest'
import { createTools } from './tools.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** A tool's server, and what came of one call of it. */
async function setUp(handle: (request: IncomingMessage, body: string, response: ServerResponse) => void) {
  const asked: { headers: IncomingMessage['headers']; body: string }[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString()
    asked.push({ headers: request.headers, body })
    handle(request, body, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  const tool: HttpTool = {
    type: 'http',
    name: 'order',
    description: 'Orders.',
    parameters: { type: 'object', required: ['dish'], properties: { dish: { type: 'string' } } },
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/order`,
    headers: { 'X-Secret': 'sesame' },
  }
  const clock: TestClock = createTestClock()
  let settle = (_: string): void => {}
  const output = new Promise<string>((resolve) => {
    settle = resolve
  })
  const tools = createTools({
    callId: 'call_1',
    tools: [tool],
    guardedFetch: fetch,
    sign: (body) => ({ 'PhoneVoice-Signature': `signed ${body.length}` }),
    onOutput: (_, text) => settle(text),
    timers: clock,
    log: silentLog,
  })
  closers.push(() => tools.close())
  const run = (args: string) => {
    tools.run({ id: 't1', name: 'order', arguments: args })
    return output
  }
  return { asked, clock, tools, run }
}

describe('a tool of the assistant', () => {
  test('gets a signed request with the call, and its answer is the output', async () => {
    const { asked, run, clock } = await setUp((_, __, response) => response.end('{"number":7}'))
    expect(await run('{"dish":"soup"}')).toBe('{"number":7}')
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({
      tool: 'order',
      call_id: 'call_1',
      tool_call_id: 'call_1:t1',
      arguments: { dish: 'soup' },
    })
    expect(asked[0]?.headers).toMatchObject({
      'x-secret': 'sesame',
      'phonevoice-call-id': 'call_1',
      'idempotency-key': 'call_1:t1',
      'phonevoice-signature': `signed ${asked[0]?.body.length}`,
    })
    expect(clock.pendingTimers).toBe(0)
  })

  test('is not asked with arguments that do not fit, and the model is told why', async () => {
    const { asked, run } = await setUp((_, __, response) => response.end())
    expect(await run('{"dish":3}')).toBe('Error: arguments.dish must be of type string.')
    expect(asked).toEqual([])
  })

  test('with broken JSON for arguments is not asked', async () => {
    const { run } = await setUp((_, __, response) => response.end())
    expect(await run('{"dish":')).toBe('Error: the arguments are not valid JSON.')
  })

  test('that answers too much is cut', async () => {
    const { run } = await setUp((_, __, response) => response.end('x'.repeat(100_000)))
    const output = await run('{"dish":"soup"}')
    expect(output).toHaveLength(4000 + '… (cut)'.length)
  })

  test('that fails, says nothing or redirects has an output all the same', async () => {
    const failing = await setUp((_, __, response) => response.writeHead(503).end('closed'))
    expect(await failing.run('{"dish":"soup"}')).toBe('Error: the tool answered with status 503. closed')
    const silent = await setUp((_, __, response) => response.end())
    expect(await silent.run('{"dish":"soup"}')).toBe('Done.')
    const elsewhere = await setUp((_, __, response) => response.writeHead(302, { location: '/x' }).end())
    expect(await elsewhere.run('{"dish":"soup"}')).toBe('Error: the tool answered with status 302.')
  })

  test('that does not answer in time is given up', async () => {
    const { asked, run, clock } = await setUp(() => {})
    const output = run('{"dish":"soup"}')
    while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve))
    clock.advance(5000)
    expect(await output).toBe('Error: the tool did not answer in time. Whether it did its work is not known.')
  })
})
