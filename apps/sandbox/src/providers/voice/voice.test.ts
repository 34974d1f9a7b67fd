import { decodeMulaw } from '@phonevoice/audio'
import { silentLog } from '@phonevoice/base'
import { afterEach, expect, it } from 'vitest'
import { decodeSpeech } from '../../speech/index.ts'
import type { FaultInput } from '../faults.ts'
import { createProviderServer, type ProviderServer } from '../provider-server.ts'
import { type JsonSocket, openJsonSocket, refusalOf } from '../testing/json-socket.ts'

const servers: ProviderServer[] = []
const sockets: JsonSocket[] = []
const KEY = { authorization: 'Bearer k' }
const SESSION = {
  type: 'realtime',
  output_modalities: ['audio'],
  audio: { output: { format: { type: 'audio/pcmu' }, voice: 'marin' } },
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close()
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function open(faults: FaultInput[] = []): Promise<JsonSocket> {
  const server = await createProviderServer({ latencies: { ttsFirstByteMs: 1 }, faults, log: silentLog })
  servers.push(server)
  const socket = await openJsonSocket(`${server.url}/realtime?model=gpt-realtime-2.1-mini`, KEY)
  sockets.push(socket)
  await socket.next(({ type }) => type === 'session.created')
  socket.send({ type: 'session.update', session: SESSION })
  await socket.next(({ type }) => type === 'session.updated')
  return socket
}

function speak(socket: JsonSocket, text: string): void {
  const input = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text }] }]
  socket.send({
    type: 'response.create',
    event_id: 'mine',
    response: { conversation: 'none', input, metadata: { a: 'b' } },
  })
}

const audioOf = (socket: JsonSocket, id: string) =>
  Buffer.concat(
    socket.events
      .filter(({ type, response_id }) => type === 'response.output_audio.delta' && response_id === id)
      .map(({ delta }) => Buffer.from(delta, 'base64')),
  )

it('reads the message aloud, without its tag, word by word', async () => {
  const socket = await open()
  speak(socket, '<text>Two large pizzas.</text>')
  const { response } = await socket.next(({ type }) => type === 'response.done')
  expect(response).toMatchObject({ status: 'completed', metadata: { a: 'b' } })
  expect(response.usage.output_token_details.audio_tokens).toBeGreaterThan(10)
  expect(decodeSpeech(decodeMulaw(audioOf(socket, response.id)))).toBe('Two large pizzas.')
  expect(socket.events.filter(({ type }) => type === 'response.output_audio.delta').length).toBe(3)
})

it('sends a little more after it was cancelled, then says so', async () => {
  const socket = await open()
  speak(socket, 'one two three four five six seven eight nine ten '.repeat(20))
  const { response_id } = await socket.next(({ type }) => type === 'response.output_audio.delta')
  socket.send({ type: 'response.cancel', response_id })
  const { response } = await socket.next(({ type }) => type === 'response.done')
  expect(response).toMatchObject({
    id: response_id,
    status: 'cancelled',
    status_details: { reason: 'client_cancelled' },
  })
  expect(socket.events.filter(({ type }) => type === 'response.output_audio.delta').length).toBeLessThan(200)
  socket.send({ type: 'response.cancel', response_id })
  expect((await socket.next(({ type }) => type === 'error')).error.code).toBe('response_cancel_not_active')
})

it('takes one response at a time', async () => {
  const socket = await open([{ target: 'speech', kind: 'slow' }])
  speak(socket, 'First.')
  speak(socket, 'Second.')
  expect((await socket.next(({ type }) => type === 'error')).error).toMatchObject({
    code: 'conversation_already_has_active_response',
    event_id: 'mine',
  })
})

it('keeps its voice once it has spoken, and may change its pace', async () => {
  const socket = await open()
  speak(socket, 'Hello.')
  await socket.next(({ type }) => type === 'response.done')
  socket.send({ type: 'session.update', session: { type: 'realtime', audio: { output: { speed: 1.2 } } } })
  expect((await socket.next(({ type }) => type === 'session.updated')).session.audio.output.speed).toBe(1.2)
  socket.send({
    type: 'session.update',
    session: { type: 'realtime', audio: { output: { voice: 'cedar' } } },
  })
  expect((await socket.next(({ type }) => type === 'error')).error.code).toBe('cannot_update_voice')
})

it('refuses what the reference does not know', async () => {
  const socket = await open()
  socket.send({ type: 'session.update', session: { ...SESSION, modalities: ['audio'] } })
  expect((await socket.next(({ type }) => type === 'error')).error).toMatchObject({
    code: 'unknown_parameter',
    param: 'session.modalities',
  })
})

it('fails as it is told to', async () => {
  const socket = await open([
    { target: 'speech', kind: 'status', status: 500, contains: 'Hello', code: 'server_error' },
  ])
  speak(socket, 'Hello.')
  expect((await socket.next(({ type }) => type === 'response.done')).response).toMatchObject({
    status: 'failed',
    status_details: { error: { code: 'server_error' } },
  })
})

it('is not opened without a key or a model', async () => {
  const server = await createProviderServer({ log: silentLog })
  servers.push(server)
  expect(await refusalOf(`${server.url}/realtime?model=m`, {})).toBe(401)
  expect(await refusalOf(`${server.url}/realtime`, KEY)).toBe(400)
})
