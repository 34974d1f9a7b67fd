import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { problemOf, seedCall, startTestServer, type TestServer } from './testing/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer(inject('postgresUrl'))
})
afterAll(() => server.close())

describe('addresses', () => {
  test('what does not exist is 404, with a key and without a need for one', async () => {
    for (const [path, key] of [
      ['/v1/nothing', server.mine.testKey],
      ['/nothing', null],
      ['/', null],
    ] as const)
      expect((await problemOf(await server.request(path, { key }))).code).toBe('not_found')
    expect((await problemOf(await server.request('/v1/nothing', { key: null }))).code).toBe('missing_api_key')
  })

  test('what exists for another method is 405 and says which', async () => {
    const response = await server.request('/v1/calls/call_x', { method: 'PUT' })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET'])
    expect((await problemOf(response)).code).toBe('method_not_allowed')
    const both = await server.request('/v1/assistants/asst_x', { method: 'POST', json: {} })
    expect(both.headers.get('allow')).toBe('DELETE, GET, PATCH')
  })
})

describe('request ids', () => {
  test('every answer has one of ours, or the sane one that was sent', async () => {
    const response = await server.request('/healthz', { key: null })
    expect(response.headers.get('x-request-id')).toMatch(/^req_/)
    const sent = await server.request('/v1/calls', { key: null, headers: { 'x-request-id': 'trace-12345' } })
    expect((await problemOf(sent)).request_id).toBe('trace-12345')
    const insane = await server.request('/healthz', {
      key: null,
      headers: { 'x-request-id': 'a b c d e f g h' },
    })
    expect(insane.headers.get('x-request-id')).toMatch(/^req_/)
  })

  test('an unexpected error shows the id and nothing else; the log has the rest', async () => {
    const { sql } = server.db
    await sql`alter table assistants rename to secret_table`
    const response = await server.request('/v1/assistants')
    await sql`alter table secret_table rename to assistants`
    const problem = await problemOf(response)
    expect(problem.code).toBe('internal_error')
    expect(JSON.stringify(problem)).not.toMatch(/select|relation/)
    const line = server.lines.find((each) => each.requestId === problem.request_id)
    expect(JSON.stringify(line)).toContain('assistants')
  })
})

test('a request whose database connection is cut is told to come back, and the next one is answered', async () => {
  const { sql } = server.db
  const response = await sql.begin(async (holder) => {
    await holder`lock table assistants in access exclusive mode`
    const answered = server.request('/v1/assistants')
    await expect.poll(() => cutWaiting(sql)).toBe(1)
    return await answered
  })
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
  expect((await problemOf(response)).code).toBe('not_ready')
  expect((await server.request('/v1/assistants')).status).toBe(200)
})

/** Cuts the connections whose statement waits for a lock; returns how many there were. */
async function cutWaiting(sql: TestServer['db']['sql']): Promise<number> {
  const cut = await sql`
    select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  return cut.length
}

test('a request writes one line, with who and what, and nothing of the customer', async () => {
  const id = await seedCall(server, server.mine)
  server.lines.length = 0
  const response = await server.request(`/v1/calls/${id}`)
  const requestId = response.headers.get('x-request-id')
  await response.text()
  const lines = server.lines.filter((line) => line.requestId === requestId)
  expect(lines).toMatchObject([
    {
      msg: 'request',
      method: 'GET',
      route: '/v1/calls/:id',
      status: 200,
      organizationId: server.mine.organizationId,
      mode: 'test',
    },
  ])
  expect(JSON.stringify(lines)).not.toContain('+1202')
  expect(JSON.stringify(lines)).not.toContain('pv_test_')
})

describe('health', () => {
  test('alive and ready', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const response = await server.request(path, { key: null })
      expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }])
    }
  })

  test('connections that the database drops are made again', async () => {
    await server.db.killConnections()
    await expect
      .poll(async () => (await server.request('/v1/assistants')).status, { timeout: 5000 })
      .toBe(200)
  })
})

describe('the reference', () => {
  test('describes every route under /v1, and every reference inside it leads somewhere', async () => {
    const text = await (await server.request('/openapi.json', { key: null })).text()
    const document = JSON.parse(text) as {
      paths: Record<string, Record<string, unknown>>
      components: { schemas: object }
    }
    const described = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    )
    const served = server.server.app.routes
      .filter(({ method, path }) => method !== 'ALL' && path.startsWith('/v1/'))
      .map(({ method, path }) => `${method} ${path}`)
    expect(described).toEqual(expect.arrayContaining([...new Set(served)]))
    for (const [, name] of text.matchAll(/#\/components\/schemas\/([^"]+)/g))
      expect(Object.keys(document.components.schemas)).toContain(name)
  })

  test('the page loads nothing from elsewhere, and says so to the browser', async () => {
    const response = await server.request('/docs', { key: null })
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'")
    const page = await response.text()
    const loaded = [...page.matchAll(/<(?:script|link|img|iframe)[^>]*?(?:src|href)="([^"]*)"/g)].map(
      (each) => each[1],
    )
    expect(loaded).toEqual(['/docs/style.css'])
    expect(page).not.toMatch(/<script|<style| style=| on\w+=/)
    expect(page).toContain('POST</span><code>/v1/calls</code>')
    const anchors = new Set([...page.matchAll(/ id="([^"]+)"/g)].map((each) => each[1]))
    for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) expect(anchors).toContain(target)
    const style = await server.request('/docs/style.css', { key: null })
    expect(style.headers.get('content-type')).toContain('text/css')
  })
})

test('a closing server ends its streams, is not ready, and settles', async () => {
  const own = await startTestServer(inject('postgresUrl'))
  const id = await seedCall(own, own.mine)
  const stream = await own.request(`/v1/calls/${id}/events/stream`)
  const text = stream.text()
  // The stream's sign of life, and the rates that are to be shared.
  await expect.poll(() => own.clock.pendingTimers).toBe(2)
  await Promise.all([own.server.close(), own.server.close()])
  expect(await text).toContain('event: call.queued')
  await expect(own.request('/healthz')).rejects.toThrow()
  await own.close()
})

test('a closing server does not wait for connections on which nobody has asked, but for a request that has begun', async () => {
  const own = await startTestServer(inject('postgresUrl'))
  const port = Number(new URL(own.url).port)
  const silent = connect(port, '127.0.0.1')
  const asking = connect(port, '127.0.0.1')
  await Promise.all([once(silent, 'connect'), once(asking, 'connect')])
  asking.write('POST /v1/calls HTTP/1.1\r\nHost: x\r\n')
  // The server has seen both: what comes later on a third connection is answered.
  expect((await own.request('/healthz', { key: null })).status).toBe(200)

  const closing = own.server.close(60_000)
  await once(silent, 'close')
  asking.end('Content-Length: 0\r\nConnection: close\r\n\r\n')
  const [answer] = await once(asking, 'data')
  expect(String(answer)).toContain('HTTP/1.1 401')
  await closing
  await own.close()
})
