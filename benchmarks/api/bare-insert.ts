/** The floor: the api's HTTP server and database client, doing the least that keeps a request. Same Postgres, same number of connections. */
import { randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import postgres from 'postgres'
import { serveJobs } from '../harness/serve-jobs.ts'

const sql = postgres(process.env.DATABASE_URL ?? '', { max: 10, onnotice: () => {} })
await sql`create table if not exists bench_rows (id text primary key, body text not null, created_at timestamptz not null)`

const app = new Hono()
app.post('/', async (c) => {
  const body = JSON.stringify(await c.req.json())
  const id = randomUUID()
  await sql`insert into bench_rows (id, body, created_at) values (${id}, ${body}, ${new Date()})`
  return c.json({ id }, 201)
})
const server = createAdaptorServer({ fetch: app.fetch }) as Server
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo

serveJobs({ url: () => `http://127.0.0.1:${port}/` })
