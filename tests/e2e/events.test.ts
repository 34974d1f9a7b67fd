/**
 * Goal: what the contract says of events holds for those of a real call, on either queue. Method: one call each, read three ways at once: webhooks, the
 * live stream and the list.
 */
import { EVENT_DATA, EVENT_TYPES, type EventType, eventSchema } from '@phonevoice/contracts'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'

interface Message {
  id: string
  event: string
  data: string
}

/** Reads a stream of server-sent events to its end. */
async function readStream(response: Response): Promise<Message[]> {
  expect(response.status).toBe(200)
  const text = await response.text()
  return text
    .split('\n\n')
    .filter((block) => block.includes('data: '))
    .map((block) => {
      const field = (name: string) =>
        block
          .split('\n')
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2) ?? ''
      return { id: field('id'), event: field('event'), data: field('data') }
    })
}

describe.each([
  ['Postgres', (): string | null => null],
  // A database of the server's own, so that no other test's queue is in it.
  ['Redis', (): string | null => inject('redisUrl') && `${inject('redisUrl')}/8`],
] as const)('a conversation with the queue on %s', (backend, redisUrl) => {
  const isMissing = backend === 'Redis' && redisUrl() === null
  let system: System
  beforeAll(async () => {
    if (!isMissing) system = await startSystem({ serverUrl: inject('postgresUrl'), redisUrl: redisUrl() })
  })
  afterAll(() => system?.stop())

  it.skipIf(isMissing)('is told in the same bytes by webhooks, stream and list', async () => {
    const placed = await system.call({
      phone_number: '+12025550100',
      webhook_events: [...EVENT_TYPES],
      metadata: { crm: 'Zoë “Ω”', 10: 'ten', amount: 1e-7 },
    })
    const headers = { authorization: `Bearer ${system.installation.seed.testKey}` }
    const url = `${system.installation.urls.api}/v1/calls/${placed.id}/events/stream`
    const live = fetch(url, { headers }).then(readStream)
    const { webhooks, call } = await placed.completed()
    const bodies = webhooks.map((webhook) => webhook.body)

    const streamed = await live
    expect(streamed.map((message) => message.data)).toEqual(bodies)
    const list = await system.api('GET', `/v1/calls/${placed.id}/events`)
    for (const body of bodies) expect(list.text).toContain(body)
    expect(list.body.data).toHaveLength(bodies.length)

    for (const [index, { id, event, data }] of streamed.entries()) {
      const json = JSON.parse(data)
      expect(Object.keys(json)).toEqual(['event', 'call_id', 'timestamp', 'data', 'id', 'sequence'])
      expect({ id, event }).toEqual({ id: String(json.sequence), event: json.event })
      expect(json.sequence).toBe(index + 1)
      expect(JSON.stringify(JSON.parse(data))).toBe(data)
      eventSchema.strict().parse(json)
      // Strict: neither a field that is missing nor one that nobody has written down.
      EVENT_DATA[json.event as EventType].strict().parse(json.data)
    }

    const resumed = await fetch(url, { headers: { ...headers, 'last-event-id': '3' } }).then(readStream)
    expect(resumed).toEqual(streamed.slice(3))

    const dataOf = (event: EventType) => webhooks.find(({ json }) => json.event === event)?.json.data ?? {}
    const { started_at, ...started } = dataOf('call.started')
    expect(started).toEqual({
      phone_number: '+12025550100',
      from: call.from,
      direction: 'outbound',
      assistant_id: system.installation.seed.assistantId,
      metadata: { crm: 'Zoë “Ω”', 10: 'ten', amount: 1e-7 },
    })
    expect(started_at).toBe(call.started_at)
    expect(dataOf('call.ended')).toEqual({
      status: 'completed',
      ended_reason: call.ended_reason,
      duration_seconds: call.duration_seconds,
    })
    // The resource says the same as the event; its recording link is a fresh one.
    const { recording_url, recording, ...completed } = dataOf('call.completed')
    expect(call).toMatchObject(completed)
    expect(recording_url).toMatch(new RegExp(`^${system.installation.urls.api}/rec/`))
    expect(recording).toEqual({ status: 'ready', duration_seconds: expect.any(Number) })
    expect(completed.latency.voice_to_voice_ms.p95).toBeGreaterThanOrEqual(
      completed.latency.voice_to_voice_ms.p50,
    )
    expect(completed.outcome).toEqual({
      category: 'completed',
      fault: 'none',
      retryable: false,
      billable: true,
      carrier: { name: 'twilio', call_id: expect.stringMatching(/^CA[0-9a-f]{32}$/), code: '200' },
    })

    // Times follow the conversation: what the assistant said comes before the words of the caller that answer it.
    const turns = webhooks.filter(({ json }) => json.event === 'transcription').map(({ json }) => json.data)
    for (const [index, turn] of turns.entries()) {
      expect(turn.end_ms).toBeGreaterThan(turn.start_ms)
      expect(turn.text_planned).toBe(turn.role === 'user' ? null : turn.text)
      if (index > 0) expect(turn.start_ms).toBeGreaterThanOrEqual(turns[index - 1].start_ms)
    }

    const link = await system.api('GET', `/v1/calls/${placed.id}/recording`)
    const days = (Date.parse(link.body.expires_at) - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(6.99)
    expect(days).toBeLessThanOrEqual(7)
    const audio = `${system.installation.urls.api}/v1/calls/${placed.id}/recording/audio`
    expect((await fetch(audio)).status).toBe(401)
    const part = await fetch(audio, { headers: { ...headers, range: 'bytes=8-11' } })
    expect(part.status).toBe(206)
    expect(part.headers.get('content-range')).toBe(`bytes 8-11/${link.body.size_bytes}`)
    expect(await part.text()).toBe('WAVE')
  })
})
