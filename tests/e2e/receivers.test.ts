import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, inject, it } from 'vitest'
import { isInstalled, RECEIVERS, startReceiver } from '../receivers/receivers.ts'
import { type System, startSystem } from './system.ts'

let system: System
const folder = mkdtempSync(path.join(tmpdir(), 'phonevoice-receivers-'))
beforeAll(async () => {
  system = await startSystem({ serverUrl: inject('postgresUrl') })
})
afterAll(async () => {
  await system?.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('the webhooks of a real call', () => {
  for (const receiver of RECEIVERS) {
    const isThere = isInstalled(receiver)
    if (!isThere)
      console.warn(
        `SKIPPED: ${receiver.interpreter} is not installed, so real deliveries are not verified with it.`,
      )
    it.skipIf(!isThere).concurrent(
      `are accepted by a receiver written naively in ${receiver.name}`,
      async ({ expect }) => {
        const running = await startReceiver(receiver, system.installation.seed.webhookSecret, folder)
        try {
          const created = await system.api('POST', '/v1/calls', {
            phone_number: '+12025550107',
            assistant_id: system.installation.seed.assistantId,
            webhook_url: running.url,
            metadata: {
              name: 'Zoë “Ω” 電話',
              amount: 10.5,
              7: 'seven',
              nested: [{ b: 1, a: null }],
              tiny: 1e-7,
            },
          })
          expect(created.status).toBe(201)
          await expect.poll(() => running.accepted, { timeout: 30_000 }).toContain('call.completed')
          expect(running.accepted[0]).toBe('call.started')
          // The last attempt is written down a moment after its answer.
          const attempts = async (): Promise<number[]> => {
            const { body } = await system.api('GET', `/v1/calls/${created.body.id}/deliveries`)
            return body.data.map((delivery: { attempts: unknown[] }) => delivery.attempts.length)
          }
          await expect
            .poll(async () => (await attempts()).every((count) => count === 1), { timeout: 10_000 })
            .toBe(true)
        } finally {
          await running.stop()
        }
      },
    )
  }
})
