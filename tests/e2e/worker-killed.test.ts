import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'

describe.each([
  ['Postgres', (): string | null => null],
  // A database of the server's own, so that no other test's queue is in it.
  ['Redis', (): string | null => inject('redisUrl') && `${inject('redisUrl')}/7`],
] as const)('with the queue on %s', (backend, redisUrl) => {
  let system: System
  const isMissing = backend === 'Redis' && redisUrl() === null
  beforeAll(async () => {
    if (!isMissing) system = await startSystem({ serverUrl: inject('postgresUrl'), redisUrl: redisUrl() })
  })
  afterAll(() => system?.stop())

  it.skipIf(isMissing)(
    'a worker killed during delivery loses no event, and repeats keep their ids',
    async () => {
      const placed = await system.call({
        phone_number: '+12025550107',
        webhook_events: [
          'call.queued',
          'call.ringing',
          'call.started',
          'transcription',
          'call.ended',
          'call.completed',
        ],
      })
      // The receiver holds each request long enough for the kill to fall into one.
      await placed.box.setBehaviour({ delay_ms: 400 })
      await placed.box.waitFor('call.started', 20_000)
      await system.restart('worker')
      await placed.box.waitFor('call.ended', 40_000)
      await system.restart('worker')
      const completed = await placed.box.waitFor('call.completed', 60_000)

      const log = await system.api('GET', `/v1/calls/${placed.id}/events`)
      const written = new Map<number, string>(
        log.body.data.map((event: { sequence: number; id: string }) => [event.sequence, event.id]),
      )
      expect([...written.keys()]).toEqual(
        Array.from({ length: completed.json.sequence }, (_, index) => index + 1),
      )
      const arrived = await placed.box.received()
      expect(new Set(arrived.map((webhook) => webhook.json.sequence))).toEqual(new Set(written.keys()))
      for (const { json } of arrived) expect(json.id).toBe(written.get(json.sequence))
    },
    120_000,
  )
})
