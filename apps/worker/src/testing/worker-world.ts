/** A worker with a database of its own, real HTTP receivers and the system's clock, for tests of deliveries. */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newId, silentLog, systemClock } from '@phonevoice/base'
import { createTestDatabase } from '@phonevoice/db/test-database'
import { createGuardedClient } from '@phonevoice/outbound-http'
import { recordUtterance } from '@phonevoice/services/calls'
import type { ServiceContext } from '@phonevoice/services/context'
import { createOrganization } from '@phonevoice/services/organizations'
import { createSecretBox, masterKey } from '@phonevoice/services/secrets'
import { createFolderStorage } from '@phonevoice/storage'
import { createWorker, type Worker, type WorkerDependencies } from '../worker.ts'

export interface Receipt {
  headers: IncomingHttpHeaders
  body: string
  event: {
    id: string
    event: string
    call_id: string | null
    sequence: number | null
    data: Record<string, unknown>
  }
}

export interface Receiver {
  url: string
  receipts: Receipt[]
  /** How requests are answered from now on; a number is a status. */
  answer: number | ((receipt: Receipt, response: ServerResponse) => void)
}

export type WorkerWorld = Awaited<ReturnType<typeof createWorkerWorld>>

export async function createWorkerWorld(postgresUrl: string) {
  const database = await createTestDatabase(postgresUrl)
  const client = createGuardedClient({ allowedRanges: ['127.0.0.0/8'] })
  const folder = await mkdtemp(join(tmpdir(), 'pv-worker-'))
  const cleanUp: (() => Promise<unknown>)[] = []
  const turns = new Map<string, number>()
  const ctx: ServiceContext = {
    db: database,
    clock: systemClock,
    log: silentLog,
    secrets: createSecretBox({ db: database, masterKeys: [masterKey(new Uint8Array(32).fill(7))] }),
    wake: () => {},
    publish: () => {},
    settings: { apiOrigin: 'http://127.0.0.1:1', sandbox: null },
  }

  return {
    ctx,
    database,
    async organization(): Promise<string> {
      return (await createOrganization(ctx, { name: 'Test' })).id
    },
    startWorker(overrides: Partial<WorkerDependencies> = {}): Worker {
      const worker = createWorker({
        ctx,
        client,
        storage: createFolderStorage(folder),
        openai: { test: null, live: null },
        timers: systemClock,
        log: silentLog,
        ...overrides,
      })
      worker.start()
      cleanUp.push(() => worker.stop(500))
      return worker
    },
    async receiver(answer: Receiver['answer'] = 204): Promise<Receiver> {
      const receiver: Receiver = { url: '', receipts: [], answer }
      const server = createServer((request, response) => {
        const chunks: Buffer[] = []
        request.on('data', (chunk: Buffer) => chunks.push(chunk))
        request.on('end', () => {
          const body = Buffer.concat(chunks).toString()
          const receipt = { headers: request.headers, body, event: JSON.parse(body) }
          receiver.receipts.push(receipt)
          if (typeof receiver.answer === 'number') response.writeHead(receiver.answer).end('answer')
          else receiver.answer(receipt, response)
        })
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      cleanUp.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
      receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
      return receiver
    },
    /** A live call of the organization; without a URL only endpoints receive its events. */
    async call(organizationId: string, webhookUrl: string | null = null): Promise<string> {
      const callId = newId('call')
      const now = new Date()
      await database.sql`insert into calls (id, organization_id, mode, direction, status, phone_number, from_number, assistant_id, assistant,
          webhook_url, webhook_events, metadata, variables, is_recorded, ring_timeout_seconds, max_duration_seconds, created_at, last_seen_at,
          last_sequence)
        values (${callId}, ${organizationId}, 'test', 'outbound', 'in_progress', '+12025550100', '+12025550199', 'asst_x', '{}'::jsonb,
          ${webhookUrl}, ${['transcription']}, '{}', '{}', false, 30, 600, ${now}, ${now}, 0)`
      return callId
    },
    /** Writes `count` more utterances of a call, as the product does; their events carry the numbers 1, 2, 3 … */
    async speak(callId: string, count = 1): Promise<void> {
      for (let left = count; left > 0; left--) {
        const turn = (turns.get(callId) ?? 0) + 1
        turns.set(callId, turn)
        const utterance = {
          turn,
          role: 'user' as const,
          text: 'é',
          text_planned: null,
          interrupted: false,
          start_ms: 0,
          end_ms: 1,
        }
        await recordUtterance(ctx, { callId, utterance })
      }
    },
    /** Stops workers and receivers, and empties the tables of calls. */
    async reset(): Promise<void> {
      for (const close of cleanUp.splice(0).reverse()) await close()
      await database.sql`truncate breakers, delivery_attempts, deliveries, endpoint_events, webhook_endpoints, work_items, call_events, calls cascade`
    },
    async close(): Promise<void> {
      for (const close of cleanUp.splice(0).reverse()) await close()
      await client.close()
      await database.drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
