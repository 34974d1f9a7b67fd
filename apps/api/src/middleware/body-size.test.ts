import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import type { ApiEnv } from '../dependencies.ts'
import { bodySize } from './body-size.ts'

const app = new Hono<ApiEnv>()
app.use(bodySize(10))
app.get('/', (c) => c.text('read'))
app.post('/', async (c) => c.text(await c.req.text()))

/** Over a real socket: only there does a request say how it is framed. */
async function post(body: string | ReadableStream): Promise<{ status: number; text: string }> {
  const server = createAdaptorServer({ fetch: app.fetch })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  try {
    // Streams need `duplex`, which the types of fetch leave out.
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit
    const response = await fetch(`http://127.0.0.1:${port}/`, init)
    return { status: response.status, text: await response.text() }
  } finally {
    server.close()
  }
}

const streamOf = (text: string) => new Blob([text]).stream()

test('passes a body of the most allowed', async () => {
  expect(await post('x'.repeat(10))).toEqual({ status: 200, text: 'x'.repeat(10) })
})

test('refuses a body that declares too much', async () => {
  expect((await post('x'.repeat(11))).status).toBe(413)
})

test('counts a body that declares nothing', async () => {
  expect(await post(streamOf('x'.repeat(10)))).toEqual({ status: 200, text: 'x'.repeat(10) })
  expect((await post(streamOf('x'.repeat(11)))).status).toBe(413)
})

test('counts the body of a request that came without a socket', async () => {
  expect((await app.request('/', { method: 'POST', body: 'x'.repeat(11) })).status).toBe(413)
})

test('leaves requests without a body alone', async () => {
  expect((await app.request('/')).status).toBe(200)
})
