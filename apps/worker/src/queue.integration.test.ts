/**
 * Goal: however many workers there are, the carrier never has more calls of an organization than its limit, and each call is asked for once. Method: a
 * carrier over HTTP that counts the calls it holds, and ends each after a moment as its callback would.
 */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '@phonevoice/base'
import { createAssistant } from '@phonevoice/services/assistants'
import { createCall, recordCarrierStatus } from '@phonevoice/services/calls'
import type { ServiceContext, WakeUp } from '@phonevoice/services/context'
import { setLimits } from '@phonevoice/services/limits'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { createWorkerWorld, type WorkerWorld } from './testing/worker-world.ts'
import type { Worker } from './worker.ts'

const CALLS = 60
const LINES = 4

let world: WorkerWorld
beforeAll(async () => {
  world = await createWorkerWorld(inject('postgresUrl'))
})
afterAll(() => world.close())

/** Takes calls, holds each for a moment, then reports its end. */
async function startCarrier(end: (callId: string, carrierCallId: string) => Promise<unknown>) {
  const held = { now: 0, most: 0, asked: [] as string[] }
  const ending = new Set<Promise<unknown>>()
  const server = createServer(async (request, response) => {
    const form = new URLSearchParams(await textOf(request))
    const callId = new URL(form.get('StatusCallback') ?? '').searchParams.get('call') ?? ''
    held.now += 1
    held.most = Math.max(held.most, held.now)
    held.asked.push(callId)
    const sid = `CA${String(held.asked.length).padStart(32, '0')}`
    const body = { sid, status: 'queued', to: form.get('To'), from: form.get('From'), date_created: null }
    response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    systemClock.after(5 + (held.asked.length % 7) * 10, () => {
      held.now -= 1
      const ended = end(callId, sid).finally(() => ending.delete(ended))
      ending.add(ended)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    held,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      await Promise.all(ending)
      server.close()
      server.closeAllConnections()
    },
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

test('three workers, one of which leaves, dial sixty calls over four lines', async () => {
  const workers: Worker[] = []
  let turn = 0
  const ctx: ServiceContext = {
    ...world.ctx,
    wake: (wakeUp: WakeUp) => workers[turn++ % workers.length]?.onWake(wakeUp),
  }
  const carrier = await startCarrier((callId, carrierCallId) =>
    recordCarrierStatus(ctx, {
      callId,
      carrierCallId,
      status: 'busy',
      carrierCode: null,
      atMs: Date.now(),
    }),
  )
  ctx.settings = {
    ...world.ctx.settings,
    sandbox: { carrierUrl: carrier.url, accountSid: `AC${'0'.repeat(32)}`, authToken: 'token' },
  }
  const organizationId = await world.organization()
  await setLimits(ctx, { organizationId, change: { concurrentCalls: LINES } })
  const assistant = await createAssistant(ctx, { organizationId, settings: { name: 'Ada' } })
  for (let i = 0; i < 3; i++) workers.push(world.startWorker({ ctx }))

  const created = await Promise.all(
    Array.from({ length: CALLS }, async () => {
      const request = { phone_number: '+12025550101', assistant_id: assistant.id }
      const { body } = await createCall(ctx, { organizationId, mode: 'test', request, idempotency: null })
      return (JSON.parse(body) as { id: string }).id
    }),
  )
  await expect.poll(() => carrier.held.asked.length, { timeout: 20_000 }).toBeGreaterThan(CALLS / 3)
  await workers.shift()?.stop(500)
  const endings = async () => [
    ...(await world.database
      .sql`select ended_reason as reason, count(*)::int as calls from calls group by 1`),
  ]
  await expect.poll(endings, { timeout: 30_000 }).toEqual([{ reason: 'busy', calls: CALLS }])
  await carrier.close()
  expect(carrier.held.most).toBe(LINES)
  expect([...carrier.held.asked].sort()).toEqual(created.sort())
}, 60_000)
