import { type EventType, renderEvent, type StoredEvent } from '@phonevoice/contracts'
import { answerCall, listEvents } from '@phonevoice/services/calls'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { bodyOf, problemOf, seedCall, startTestServer, type TestServer } from '../../testing/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer(inject('postgresUrl'))
})
afterAll(() => server.close())

function stored(callId: string): Promise<StoredEvent[]> {
  return listEvents(server.context, { callId, organizationId: server.mine.organizationId, after: 0 })
}

/** A call that was queued, answered and completed; data with keys and numbers that a careless reader would change. */
async function completedCall(): Promise<string> {
  const id = await seedCall(server, server.mine)
  await answerCall(server.context, { callId: id, carrierCallId: `CA${id}` })
  await complete(id)
  return id
}

async function complete(id: string): Promise<void> {
  const data = '{"z":1e21,"a":"é\\n","10":[0.1]}'
  const at = new Date(server.clock.now())
  await server.db.sql`
    with call as (
      update calls set completed_at = ${at}, ended_at = ${at}, last_sequence = last_sequence + 1 where id = ${id}
      returning id, last_sequence
    )
    insert into call_events (id, call_id, sequence, type, occurred_at, data)
    select 'evt_' || call.id, call.id, call.last_sequence, 'call.completed', ${at}, ${data} from call`
  server.context.publish({ topic: 'call-events', callId: id })
}

interface Line {
  id: string
  event: EventType
  data: string
}

/** Reads server-sent events one by one; comments are skipped. */
async function* readStream(response: Response): AsyncGenerator<Line> {
  let text = ''
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end)
      text = text.slice(end + 2)
      const line = Object.fromEntries(block.split('\n').map((each) => each.split(/: (.*)/s, 2)))
      if (line.data !== undefined) yield line as Line
    }
  }
}

describe('the list', () => {
  test('has exactly the bytes of the webhooks, in order', async () => {
    const id = await completedCall()
    const text = await (await server.request(`/v1/calls/${id}/events`)).text()
    const bodies = (await stored(id)).map(renderEvent)
    expect(bodies).toHaveLength(3)
    expect(text).toBe(`{"object":"list","data":[${bodies.join(',')}],"has_more":false,"next_cursor":null}`)
  })

  test('goes on after a sequence, page by page', async () => {
    const id = await completedCall()
    const page = async (query: string) =>
      bodyOf<{ data: { sequence: number }[]; has_more: boolean; next_cursor: string | null }>(
        await server.request(`/v1/calls/${id}/events?${query}`),
      )
    const first = await page('limit=2')
    expect([first.data.map((event) => event.sequence), first.has_more]).toEqual([[1, 2], true])
    const second = await page(`limit=2&after=${first.next_cursor}`)
    expect([second.data.map((event) => event.sequence), second.next_cursor]).toEqual([[3], null])
    expect((await problemOf(await server.request(`/v1/calls/${id}/events?after=-1`))).code).toBe(
      'invalid_request',
    )
  })
})

describe('the stream', () => {
  test('replays the log with the same bytes, and ends after call.completed', async () => {
    const id = await completedCall()
    const response = await server.request(`/v1/calls/${id}/events/stream`)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const lines: Line[] = []
    for await (const line of readStream(response)) lines.push(line)
    const events = await stored(id)
    expect(lines).toEqual(
      events.map((event) => ({ id: String(event.sequence), event: event.type, data: renderEvent(event) })),
    )
  })

  test('goes on after Last-Event-ID, which wins over the query', async () => {
    const id = await completedCall()
    const headers = { 'Last-Event-ID': '2' }
    const response = await server.request(`/v1/calls/${id}/events/stream?after=0`, { headers })
    const lines: Line[] = []
    for await (const line of readStream(response)) lines.push(line)
    expect(lines.map((line) => line.id)).toEqual(['3'])
  })

  test('says that there is nothing more', async () => {
    const id = await completedCall()
    expect((await server.request(`/v1/calls/${id}/events/stream?after=3`)).status).toBe(204)
  })

  test('tells what happens while it is open', async () => {
    const id = await seedCall(server, server.mine)
    const lines = readStream(await server.request(`/v1/calls/${id}/events/stream`))
    expect((await lines.next()).value).toMatchObject({ event: 'call.queued' })
    await answerCall(server.context, { callId: id, carrierCallId: `CA${id}` })
    expect((await lines.next()).value).toMatchObject({ event: 'call.started' })
    await complete(id)
    expect((await lines.next()).value).toMatchObject({ event: 'call.completed' })
    expect(await lines.next()).toMatchObject({ done: true })
  })

  test('lets go when the reader leaves', async () => {
    const id = await seedCall(server, server.mine)
    const before = server.clock.pendingTimers
    const lines = readStream(await server.request(`/v1/calls/${id}/events/stream`))
    await lines.next()
    await expect.poll(() => server.clock.pendingTimers).toBe(before + 1)
    await lines.return(undefined)
    await expect.poll(() => server.clock.pendingTimers).toBe(before)
  })
})
