import { encodeMulaw, pcmToBytes } from '@phonevoice/audio'
import { silentLog } from '@phonevoice/base'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { encodeSpeech } from '../../speech/index.ts'
import type { FaultInput } from '../faults.ts'
import { createProviderServer, type ProviderServer } from '../provider-server.ts'

interface ServerEvent {
  type: string
  event_id: string
  item_id?: string
  previous_item_id?: string | null
  delta?: string
  transcript?: string
  usage?: unknown
  error?: { code: string; message: string; param: string | null; event_id: string | null }
  session?: {
    type: string
    audio: { input: { format: unknown; transcription: unknown; turn_detection: unknown } }
  }
  item?: { id: string; role: string }
}

interface Client {
  events: ServerEvent[]
  send(event: Record<string, unknown>): void
  /** The next event, past or future, of this type that was not returned before. */
  next(type: string): Promise<ServerEvent>
  closed: Promise<void>
}

const servers: ProviderServer[] = []
const MULAW_SESSION = {
  type: 'transcription',
  audio: {
    input: {
      format: { type: 'audio/pcmu' },
      transcription: { model: 'gpt-live-transcribe' },
      turn_detection: null,
    },
  },
}
const COMPLETED = 'conversation.item.input_audio_transcription.completed'
const DELTA = 'conversation.item.input_audio_transcription.delta'

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function start(faults: readonly FaultInput[] = []): Promise<ProviderServer> {
  const server = await createProviderServer({ latencies: { sttFinalMs: 1 }, faults, log: silentLog })
  servers.push(server)
  return server
}

function connect(
  server: ProviderServer,
  query = '?intent=transcription',
  headers = { authorization: 'Bearer k' } as Record<string, string>,
): WebSocket {
  return new WebSocket(`${server.url.replace('http', 'ws')}/realtime${query}`, { headers })
}

function open(server: ProviderServer): Client {
  const socket = connect(server)
  const events: ServerEvent[] = []
  const unread: ServerEvent[] = []
  const waiting: { type: string; resolve: (event: ServerEvent) => void }[] = []
  const opened = new Promise<void>((resolve) => socket.once('open', resolve))
  socket.on('error', () => {})
  socket.on('message', (data) => {
    const event = JSON.parse(data.toString()) as ServerEvent
    events.push(event)
    const index = waiting.findIndex((one) => one.type === event.type)
    if (index >= 0) waiting.splice(index, 1)[0]?.resolve(event)
    else unread.push(event)
  })
  return {
    events,
    closed: new Promise((resolve) => socket.once('close', () => resolve())),
    send: (event) => void opened.then(() => socket.send(JSON.stringify(event))),
    next(type) {
      const index = unread.findIndex((event) => event.type === type)
      const found = index >= 0 ? unread.splice(index, 1)[0] : undefined
      return found ? Promise.resolve(found) : new Promise((resolve) => waiting.push({ type, resolve }))
    },
  }
}

function say(client: Client, text: string): void {
  const mulaw = encodeMulaw(encodeSpeech(text, { sampleRateHz: 8000 }))
  for (let at = 0; at < mulaw.length; at += 160) {
    const audio = Buffer.from(mulaw.subarray(at, at + 160)).toString('base64')
    client.send({ type: 'input_audio_buffer.append', audio })
  }
}

describe('a transcription session', () => {
  it('reads words from μ-law alone: deltas while it flows, then the item, then the final', async () => {
    const client = open(await start())
    client.send({ type: 'session.update', session: MULAW_SESSION })
    const updated = await client.next('session.updated')
    expect(updated.session).toMatchObject(MULAW_SESSION)
    say(client, 'Hello there, Zoë.')
    expect((await client.next(DELTA)).delta).toBe('Hello')
    client.send({ type: 'input_audio_buffer.commit' })
    const completed = await client.next(COMPLETED)
    expect(completed).toMatchObject({ transcript: 'Hello there, Zoë.', content_index: 0 })
    const deltas = client.events.filter((event) => event.type === DELTA)
    expect(deltas.map((event) => event.delta).join('')).toBe('Hello there, Zoë.')
    const committed = await client.next('input_audio_buffer.committed')
    expect(new Set([...deltas, committed, completed].map((event) => event.item_id)).size).toBe(1)
    expect((await client.next('conversation.item.added')).item).toMatchObject({
      id: committed.item_id,
      role: 'user',
    })
    expect(client.events.map((event) => event.type).filter((type) => type !== DELTA)).toEqual([
      'session.created',
      'session.updated',
      'input_audio_buffer.committed',
      'conversation.item.added',
      'conversation.item.done',
      COMPLETED,
    ])
  })

  it('bills the audio of the span', async () => {
    const client = open(await start())
    client.send({ type: 'session.update', session: MULAW_SESSION })
    client.send({ type: 'input_audio_buffer.append', audio: Buffer.alloc(12_000, 0xff).toString('base64') })
    client.send({ type: 'input_audio_buffer.commit' })
    expect(await client.next(COMPLETED)).toMatchObject({
      transcript: '',
      usage: { type: 'duration', seconds: 1.5 },
    })
  })

  it('reads 24 kHz PCM cut at odd bytes', async () => {
    const client = open(await start())
    const transcription = { model: 'gpt-live-transcribe' }
    const input = { format: { type: 'audio/pcm', rate: 24000 }, transcription, turn_detection: null }
    client.send({ type: 'session.update', session: { type: 'transcription', audio: { input } } })
    const bytes = Buffer.from(pcmToBytes(encodeSpeech('Odd bytes.', { sampleRateHz: 24000 })))
    for (let at = 0; at < bytes.length; at += 777) {
      client.send({
        type: 'input_audio_buffer.append',
        audio: bytes.subarray(at, at + 777).toString('base64'),
      })
    }
    client.send({ type: 'input_audio_buffer.commit' })
    expect((await client.next(COMPLETED)).transcript).toBe('Odd bytes.')
  })

  it('names the item before, and gives a word that straddles a commit to the next item', async () => {
    const client = open(await start())
    client.send({ type: 'session.update', session: MULAW_SESSION })
    const mulaw = encodeMulaw(encodeSpeech('first second', { sampleRateHz: 8000 }))
    const send = (from: number, to?: number): void =>
      client.send({
        type: 'input_audio_buffer.append',
        audio: Buffer.from(mulaw.subarray(from, to)).toString('base64'),
      })
    send(0, 2400)
    client.send({ type: 'input_audio_buffer.commit' })
    send(2400)
    client.send({ type: 'input_audio_buffer.commit' })
    const first = await client.next(COMPLETED)
    const second = await client.next(COMPLETED)
    expect([first.transcript, second.transcript]).toEqual(['first', 'second'])
    const committed = client.events.filter((event) => event.type === 'input_audio_buffer.committed')
    expect(committed.map((event) => event.previous_item_id)).toEqual([null, first.item_id])
  })

  it('forgets audio on clear', async () => {
    const client = open(await start())
    client.send({ type: 'session.update', session: MULAW_SESSION })
    say(client, 'never mind')
    client.send({ type: 'input_audio_buffer.clear' })
    await client.next('input_audio_buffer.cleared')
    say(client, 'this counts')
    client.send({ type: 'input_audio_buffer.commit' })
    expect((await client.next(COMPLETED)).transcript).toBe('this counts')
  })

  it('refuses to commit less than 100 ms and goes on', async () => {
    const client = open(await start())
    client.send({ type: 'session.update', session: MULAW_SESSION })
    client.send({ type: 'input_audio_buffer.append', audio: Buffer.alloc(480, 0xff).toString('base64') })
    client.send({ type: 'input_audio_buffer.commit', event_id: 'mine' })
    const { error } = await client.next('error')
    expect(error).toMatchObject({ code: 'input_audio_buffer_commit_empty', event_id: 'mine' })
    expect(error?.message).toContain('60.00ms')
    say(client, 'still here')
    client.send({ type: 'input_audio_buffer.commit' })
    expect((await client.next(COMPLETED)).transcript).toBe('still here')
  })

  const input = MULAW_SESSION.audio.input
  it.each([
    [
      'turn detection with a live model',
      { turn_detection: { type: 'server_vad' } },
      'invalid_value',
      'session.audio.input.turn_detection',
    ],
    [
      'turn detection left to the default',
      { turn_detection: undefined },
      'invalid_value',
      'session.audio.input.turn_detection',
    ],
    [
      'an unknown field',
      { input_audio_format: 'g711_ulaw' },
      'unknown_parameter',
      'session.audio.input.input_audio_format',
    ],
    [
      'another sample rate',
      { format: { type: 'audio/pcm', rate: 16000 } },
      'invalid_value',
      'session.audio.input.format.rate',
    ],
  ])('refuses %s', async (_, change, code, param) => {
    const client = open(await start())
    client.send({
      type: 'session.update',
      session: { type: 'transcription', audio: { input: { ...input, ...change } } },
    })
    expect((await client.next('error')).error).toMatchObject({ code, param })
  })

  it('refuses audio that is not base64 and events it does not know', async () => {
    const client = open(await start())
    client.send({ type: 'input_audio_buffer.append', audio: '%%%' })
    expect((await client.next('error')).error).toMatchObject({ param: 'audio' })
    client.send({ type: 'response.create' })
    expect((await client.next('error')).error).toMatchObject({ param: 'type' })
  })

  it.each([
    ['without a key', '?intent=transcription', {}, 401],
    ['for nothing in particular', '', { authorization: 'Bearer k' }, 400],
    [
      'in the beta dialect',
      '?intent=transcription',
      { authorization: 'Bearer k', 'openai-beta': 'realtime=v1' },
      400,
    ],
  ])('does not open %s', async (_, query, headers, status) => {
    const socket = connect(await start(), query, headers as Record<string, string>)
    const answer = await new Promise<number | undefined>((resolve) => {
      socket.on('error', () => {})
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode))
    })
    expect(answer).toBe(status)
    socket.terminate()
  })
})

describe('faults of the recogniser', () => {
  it('kills the socket after some words', async () => {
    const server = await start([{ target: 'transcription', kind: 'cut', after: 1 }])
    const client = open(server)
    client.send({ type: 'session.update', session: MULAW_SESSION })
    say(client, 'one two three')
    await client.closed
    expect(client.events.filter((event) => event.type === DELTA).map((event) => event.delta)).toEqual(['one'])
  })

  it('delivers finals out of order', async () => {
    const client = open(await start([{ target: 'transcription', kind: 'out-of-order' }]))
    client.send({ type: 'session.update', session: MULAW_SESSION })
    for (const text of ['first', 'second', 'third']) {
      say(client, text)
      client.send({ type: 'input_audio_buffer.commit' })
    }
    const finals = [await client.next(COMPLETED), await client.next(COMPLETED), await client.next(COMPLETED)]
    expect(finals.map((event) => event.transcript)).toEqual(['second', 'first', 'third'])
  })

  it('fails an item and says so', async () => {
    const client = open(await start([{ target: 'transcription', kind: 'item-failed' }]))
    client.send({ type: 'session.update', session: MULAW_SESSION })
    say(client, 'unheard')
    client.send({ type: 'input_audio_buffer.commit' })
    const failed = await client.next('conversation.item.input_audio_transcription.failed')
    expect(failed.item_id).toBe((await client.next('input_audio_buffer.committed')).item_id)
  })

  it('refuses the connection', async () => {
    const socket = connect(await start([{ target: 'transcription', kind: 'status', status: 503 }]))
    socket.on('error', () => {})
    const status = await new Promise((resolve) =>
      socket.on('unexpected-response', (_, response) => resolve(response.statusCode)),
    )
    expect(status).toBe(503)
    socket.terminate()
  })
})
