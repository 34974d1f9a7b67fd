import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createGuardedClient, type GuardedClient, type GuardedClientOptions } from './guarded-client.ts'

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

function client(options: Partial<GuardedClientOptions> = {}): GuardedClient {
  const made = createGuardedClient({ allowedRanges: ['127.0.0.0/8'], ...options })
  open.push(() => made.close())
  return made
}

async function serve(listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, server }
}

async function serveTcp(onSocket: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onSocket(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":1}' } as const

describe('the guarded client', () => {
  test('sends the request and returns status, headers and body', async () => {
    const { url } = await serve((request, response) => {
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        response.writeHead(202, {
          'x-seen': `${request.method} ${request.url} ${request.headers['content-type']}`,
        })
        response.end(body)
      })
    })
    const answer = await client().request({ url: `${url}?q=1`, ...post })
    expect(answer).toMatchObject({ status: 202, bodyExcerpt: '{"a":1}', isTruncated: false })
    expect(answer.headers['x-seen']).toBe('POST /hook?q=1 application/json')
  })

  test('keeps connections alive', async () => {
    let connections = 0
    const { url, server } = await serve((_, response) => void response.end('ok'))
    server.on('connection', () => connections++)
    const guarded = client()
    for (let i = 0; i < 20; i++) await guarded.request({ url, ...post })
    // A second one is opened when the first has not quite settled from the answer before.
    expect(connections).toBeLessThanOrEqual(2)
  })

  test('does not follow redirects', async () => {
    let followed = 0
    const { url } = await serve((request, response) => {
      if (request.url === '/secret') followed++
      response.writeHead(307, { location: '/secret' }).end()
    })
    const guarded = client()
    expect(await guarded.request({ url, ...post })).toMatchObject({ status: 307 })
    expect((await guarded.fetch(url)).status).toBe(307)
    expect(followed).toBe(0)
  })

  test('reads no more than its share of an endless answer', async () => {
    let sent = 0
    const { url } = await serve((_, response) => {
      const chunk = Buffer.alloc(64 * 1024, 'x')
      const more = () => {
        sent += chunk.length
        if (response.write(chunk)) setImmediate(more)
      }
      response.on('drain', more)
      more()
    })
    const answer = await client().request({ url, ...post, responseBytesMax: 1000 })
    expect(answer.bodyExcerpt).toHaveLength(1000)
    expect(answer.isTruncated).toBe(true)
    expect(sent).toBeLessThan(64 * 1024 * 1024)
  })

  test('a receiver that drips is cut at the total deadline', async () => {
    const url = await serveTcp((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n')
      const timer = setInterval(() => socket.write('x'), 5)
      socket.on('close', () => clearInterval(timer))
    })
    const startedMs = performance.now()
    await expect(client().request({ url, ...post, totalTimeoutMs: 200 })).rejects.toMatchObject({
      code: 'timeout',
    })
    expect(performance.now() - startedMs).toBeLessThan(2000)
  })

  test.each([
    ['says nothing', () => {}],
    ['drips its head', (socket: Socket) => void setInterval(() => socket.write('a'), 10).unref()],
  ])('a receiver that %s is cut at the total deadline', async (_, onSocket) => {
    const url = await serveTcp(onSocket)
    const outcome = client().request({ url, ...post, totalTimeoutMs: 200 })
    await expect(outcome).rejects.toMatchObject({ code: expect.stringMatching(/^(timeout|protocol)$/) })
  })

  test.each([
    ['closes at once', 'reset', (socket: Socket) => socket.destroy()],
    [
      'closes mid-answer',
      'reset',
      (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc'),
    ],
    ['speaks something else', 'protocol', (socket: Socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')],
  ])('a receiver that %s is reported as %s', async (_, code, onSocket) => {
    const url = await serveTcp(onSocket)
    await expect(client().request({ url, ...post })).rejects.toMatchObject({ name: 'OutboundError', code })
  })

  test('a closed port, an unknown name, a plain server asked for TLS: each has its code', async () => {
    const { url, server } = await serve((_, response) => void response.end())
    const guarded = client({
      resolve: (hostname, done) => {
        const error = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
        hostname === 'inside.test' ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(error, [])
      },
    })
    const port = new URL(url).port
    await expect(guarded.request({ url: 'http://nowhere.test/', ...post })).rejects.toMatchObject({
      code: 'dns',
    })
    await expect(guarded.request({ url: `https://127.0.0.1:${port}/`, ...post })).rejects.toMatchObject({
      code: 'tls',
    })
    expect(await guarded.request({ url: `http://inside.test:${port}/`, ...post })).toMatchObject({
      status: 200,
    })
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await expect(guarded.request({ url, ...post })).rejects.toMatchObject({ code: 'connect' })
  })

  test('an aborted request ends at once', async () => {
    const url = await serveTcp(() => {})
    const abort = new AbortController()
    const pending = client().request({ url, ...post, signal: abort.signal })
    abort.abort()
    await expect(pending).rejects.toMatchObject({ code: 'aborted' })
    await expect(client().request({ url, ...post, signal: abort.signal })).rejects.toMatchObject({
      code: 'aborted',
    })
  })

  test('a request that waits for a connection is given up at once, and what waits behind it is sent', async () => {
    const waiting: (() => void)[] = []
    const seen: string[] = []
    const { url } = await serve((request, response) => {
      seen.push(request.url ?? '')
      waiting.push(() => void response.end())
    })
    const one = client({ connectionsPerOriginMax: 1 })
    const first = one.request({ url: `${url}/1`, ...post })
    await expect.poll(() => seen.length).toBe(1)
    const controller = new AbortController()
    const second = one.request({ url: `${url}/2`, ...post, signal: controller.signal })
    const third = one.request({ url: `${url}/3`, ...post })
    controller.abort()
    await expect(second).rejects.toMatchObject({ code: 'aborted' })
    waiting[0]?.()
    expect((await first).status).toBe(200)
    await expect.poll(() => seen.length).toBe(2)
    waiting[1]?.()
    expect((await third).status).toBe(200)
    expect(seen).toEqual(['/hook/1', '/hook/3'])
  })

  test('fetch streams the answer as it comes', async () => {
    const { url } = await serve((_, response) => {
      response.write('one ')
      setTimeout(() => response.end('two'), 20)
    })
    const response = await client().fetch(url, { method: 'POST', body: 'x' })
    const chunks: string[] = []
    for await (const chunk of response.body as AsyncIterable<Uint8Array>)
      chunks.push(Buffer.from(chunk).toString())
    expect(chunks.join('')).toBe('one two')
    expect(chunks.length).toBe(2)
  })
})
