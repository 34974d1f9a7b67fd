import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createGuardedClient } from './guarded-client.ts'
import { createProviderClient, type ProviderRequest } from './provider-client.ts'

/** Goal: a connection outlives the pause between two turns. Method: a server that counts its sockets and states no time of its own; only timers are faked. */
const server = createServer((request, response) => {
  if (request.url === '/half') response.write('half')
  else response.end('ok')
})
server.keepAliveTimeout = 0
let connections = 0
server.on('connection', () => connections++)
let url: string
beforeEach(async () => {
  connections = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/x`
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(async () => {
  vi.useRealTimers()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

type Fetch = (url: string, request: ProviderRequest) => Promise<{ text(): Promise<string> }>

async function connectionsAfterPauses(fetch: Fetch, pauseMs: number): Promise<number> {
  for (let turn = 0; turn < 4; turn++) {
    expect(await (await fetch(url, { method: 'POST', headers: {}, body: '{}', signal: null })).text()).toBe(
      'ok',
    )
    // The socket is free for the next request a moment after the answer has been read.
    await new Promise((resolve) => setImmediate(resolve))
    vi.advanceTimersByTime(pauseMs)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return connections
}

test('providers keep one connection through pauses of a minute', async () => {
  const client = createProviderClient()
  expect(await connectionsAfterPauses(client.fetch, 60_000)).toBe(1)
  await client.close()
})

test('with the four seconds of the platform each of those turns would connect anew', async () => {
  const client = createProviderClient({ idleTimeoutMs: 4000 })
  expect(await connectionsAfterPauses(client.fetch, 60_000)).toBe(4)
  await client.close()
})

test('users’ own endpoints are kept as long, where the process asks for it', async () => {
  const client = createGuardedClient({ allowedRanges: ['127.0.0.0/8'], idleTimeoutMs: 90_000 })
  expect(await connectionsAfterPauses(client.fetch, 60_000)).toBe(1)
  await client.close()
})

test('an answer can be iterated as it comes, and giving it up ends its connection', async () => {
  const client = createProviderClient()
  const controller = new AbortController()
  const answer = await client.fetch(new URL('/half', url).href, {
    headers: {},
    signal: controller.signal,
  })
  expect([answer.ok, answer.status]).toEqual([true, 200])
  const pieces = answer.body[Symbol.asyncIterator]()
  expect(Buffer.from((await pieces.next()).value).toString()).toBe('half')
  const next = pieces.next()
  controller.abort()
  await expect(next).rejects.toThrow()
  await client.close()
})

test('a connection that breaks off harms nobody but the reader', async () => {
  const client = createProviderClient()
  const unread = await client.fetch(new URL('/half', url).href, { headers: {}, signal: null })
  const read = await client.fetch(new URL('/half', url).href, { headers: {}, signal: null })
  server.closeAllConnections()
  await expect(read.text()).rejects.toThrow()
  await new Promise((resolve) => setImmediate(resolve))
  await expect(unread.text()).rejects.toThrow()
  await client.close()
})
