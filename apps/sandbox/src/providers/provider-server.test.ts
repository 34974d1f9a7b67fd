import { bytesToPcm, createResampler } from '@phonevoice/audio'
import { silentLog } from '@phonevoice/base'
import { afterEach, describe, expect, it } from 'vitest'
import { decodeSpeech } from '../speech/index.ts'
import type { FaultInput } from './faults.ts'
import { createProviderServer, type ProviderServer } from './provider-server.ts'

const FAST = { llmFirstTokenMs: 0, llmPerTokenMs: 0, ttsFirstByteMs: 0, sttFinalMs: 0 }
const servers: ProviderServer[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function start(faults: readonly FaultInput[] = []): Promise<ProviderServer> {
  const server = await createProviderServer({ latencies: FAST, faults, log: silentLog })
  servers.push(server)
  return server
}

function post(server: ProviderServer, path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-test-1234', 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal ? { signal } : {}),
  })
}

interface Chunk {
  choices: {
    delta: {
      role?: string
      content?: string
      tool_calls?: { index: number; id?: string; function?: { name?: string; arguments?: string } }[]
    }
    finish_reason: string | null
  }[]
  usage?: { prompt_tokens: number; completion_tokens: number; total_tokens: number } | null
  error?: unknown
}

async function readEvents(response: Response): Promise<{ chunks: Chunk[]; last: string }> {
  const lines = (await response.text()).split('\n\n').filter(Boolean)
  const payloads = lines.map((line) => line.replace(/^data: /, ''))
  return {
    chunks: payloads.filter((payload) => payload !== '[DONE]').map((payload) => JSON.parse(payload) as Chunk),
    last: payloads.at(-1) ?? '',
  }
}

const story = { model: 'm', stream: true, messages: [{ role: 'user', content: 'tell me a long story' }] }

describe('chat completions', () => {
  it('streams role, content, finish reason, usage and the end, in this order', async () => {
    const server = await start()
    const messages = [
      { role: 'system', content: 'Say exactly: One two.' },
      { role: 'user', content: 'Hi' },
    ]
    const response = await post(server, '/chat/completions', {
      model: 'm',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    })
    expect(response.headers.get('content-type')).toMatch('text/event-stream')
    const { chunks, last } = await readEvents(response)
    expect(chunks.map((chunk) => chunk.choices[0]?.delta)).toEqual([
      { role: 'assistant', content: '' },
      { content: 'One' },
      { content: ' two.' },
      {},
      undefined,
    ])
    expect(chunks.map((chunk) => chunk.usage)).toEqual([
      null,
      null,
      null,
      null,
      { prompt_tokens: 6, completion_tokens: 2, total_tokens: 8 },
    ])
    expect(chunks[3]?.choices[0]?.finish_reason).toBe('stop')
    expect(last).toBe('[DONE]')
  })

  it('answers whole when not asked to stream, within the limits asked for', async () => {
    const server = await start()
    const messages = [
      { role: 'system', content: 'Say exactly: One two three four.' },
      { role: 'user', content: 'Hi' },
    ]
    const response = await post(server, '/chat/completions', {
      model: 'm',
      messages,
      max_completion_tokens: 2,
    })
    const body = (await response.json()) as { choices: unknown[]; usage: { completion_tokens: number } }
    expect(body.choices).toEqual([
      expect.objectContaining({
        message: expect.objectContaining({ content: 'One two' }),
        finish_reason: 'length',
      }),
    ])
    expect(body.usage.completion_tokens).toBe(2)
  })

  it('streams tool calls with arguments in fragments', async () => {
    const server = await start()
    const tool = (name: string) => ({
      type: 'function',
      function: { name, parameters: { type: 'object', properties: { topic: { const: 'a "quoted" ü' } } } },
    })
    const { chunks } = await readEvents(
      await post(server, '/chat/completions', {
        model: 'm',
        stream: true,
        messages: [{ role: 'user', content: 'please look up and send mail' }],
        tools: [tool('look_up'), tool('send_mail')],
      }),
    )
    const calls: { name: string; json: string; fragments: number }[] = []
    for (const part of chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? [])) {
      if (part.id) calls[part.index] = { name: part.function?.name ?? '', json: '', fragments: 0 }
      calls[part.index]!.json += part.function?.arguments ?? ''
      calls[part.index]!.fragments++
    }
    expect(calls.map((call) => [call.name, JSON.parse(call.json)])).toEqual([
      ['look_up', { topic: 'a "quoted" ü' }],
      ['send_mail', { topic: 'a "quoted" ü' }],
    ])
    expect(calls[0]?.fragments).toBeGreaterThan(2)
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('tool_calls')
  })

  it.each([
    ['malformed JSON', '{', 400],
    ['no messages', { model: 'm', messages: [] }, 400],
    [
      'an unanswered tool call',
      {
        model: 'm',
        messages: [
          {
            role: 'assistant',
            tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
          },
        ],
      },
      400,
    ],
    [
      'a schema without an object at its root',
      {
        ...story,
        response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'string' } } },
      },
      400,
    ],
  ])('refuses %s', async (_, body, status) => {
    const server = await start()
    const response = await post(server, '/chat/completions', body)
    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({
      error: expect.objectContaining({ type: 'invalid_request_error' }),
    })
  })

  it('refuses a request without a key', async () => {
    const server = await start()
    const response = await fetch(`${server.url}/chat/completions`, { method: 'POST', body: '{}' })
    expect(response.status).toBe(401)
  })

  it('keeps what was asked and what was answered, key masked', async () => {
    const server = await start()
    await (await post(server, '/chat/completions', story)).text()
    const response = await fetch(new URL('/sandbox/requests?target=chat', server.url))
    const { requests } = (await response.json()) as {
      requests: { body: unknown; reply: string; outcome: string; headers: Record<string, string> }[]
    }
    expect(requests).toHaveLength(1)
    expect(requests[0]).toMatchObject({
      body: story,
      outcome: 'completed',
      headers: { authorization: 'Bearer …1234' },
    })
    expect(requests[0]?.reply).toContain('Once upon a time')
  })

  it('notices when the client goes away in the middle', async () => {
    const server = await start([{ target: 'chat', kind: 'stall', after: 5 }])
    const abort = new AbortController()
    const response = await post(server, '/chat/completions', story, abort.signal)
    await response.body?.getReader().read()
    abort.abort()
    const entry = await server.requests.waitFor((one) => one.outcome === 'aborted', 2000)
    expect(entry.reply.length).toBeLessThan(60)
  })
})

describe('faults of the language model', () => {
  it('refuses with a status, once, and says when to come back', async () => {
    const server = await start([
      { target: 'chat', kind: 'status', status: 429, code: 'rate_limit_exceeded', retry_after_seconds: 3 },
    ])
    const response = await post(server, '/chat/completions', story)
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '3'])
    expect((await post(server, '/chat/completions', story)).status).toBe(200)
  })

  it('breaks the connection in the middle', async () => {
    const server = await start([{ target: 'chat', kind: 'cut', after: 4 }])
    const response = await post(server, '/chat/completions', story)
    await expect(response.text()).rejects.toThrow()
    expect(server.requests.entries[0]?.outcome).toBe('failed')
  })

  it('puts an error into the stream', async () => {
    const server = await start([{ target: 'chat', kind: 'error-payload', after: 3, message: 'overloaded' }])
    const { chunks, last } = await readEvents(await post(server, '/chat/completions', story))
    expect(chunks).toHaveLength(4)
    expect(chunks.at(-1)?.error).toMatchObject({ message: 'overloaded', type: 'server_error' })
    expect(last).not.toBe('[DONE]')
  })

  it('sends a chunk that is not JSON', async () => {
    const server = await start([{ target: 'chat', kind: 'malformed-chunk', after: 2 }])
    await expect(readEvents(await post(server, '/chat/completions', story))).rejects.toThrow(SyntaxError)
  })

  it('answers without text, and without usage', async () => {
    const server = await start([
      { target: 'chat', kind: 'empty-choices' },
      { target: 'chat', kind: 'no-usage' },
    ])
    const body = { ...story, stream_options: { include_usage: true } }
    const empty = await readEvents(await post(server, '/chat/completions', body))
    expect(empty.chunks.map((chunk) => chunk.choices.length)).toEqual([1, 0, 0])
    const uncounted = await readEvents(await post(server, '/chat/completions', body))
    expect(uncounted.chunks.every((chunk) => chunk.usage === null)).toBe(true)
  })

  it('strikes only requests that contain a text, and is ordered over HTTP', async () => {
    const server = await start()
    const order = await fetch(new URL('/sandbox/faults', server.url), {
      method: 'POST',
      body: JSON.stringify({ target: 'chat', kind: 'status', contains: 'call_42', times: null }),
    })
    expect(order.status).toBe(201)
    expect((await post(server, '/chat/completions', story)).status).toBe(200)
    expect((await post(server, '/chat/completions', { ...story, user: 'call_42' })).status).toBe(500)
    const cleared = await fetch(new URL('/sandbox/faults', server.url), { method: 'DELETE' })
    expect(cleared.status).toBe(204)
    expect((await post(server, '/chat/completions', { ...story, user: 'call_42' })).status).toBe(200)
  })

  it('refuses a fault it does not know', async () => {
    const server = await start()
    const body = JSON.stringify({ target: 'speech', kind: 'empty-choices' })
    const response = await fetch(new URL('/sandbox/faults', server.url), { method: 'POST', body })
    expect(response.status).toBe(400)
  })
})

describe('speech', () => {
  const speak = { model: 'voice', input: 'Hello from the other side.', voice: 'marin' }

  it('streams 24 kHz PCM whose words can be heard on a telephone', async () => {
    const server = await start()
    const response = await post(server, '/audio/speech', { ...speak, response_format: 'pcm' })
    const pcm = bytesToPcm(new Uint8Array(await response.arrayBuffer()))
    expect(decodeSpeech(createResampler({ fromHz: 24000, toHz: 8000 }).process(pcm))).toBe(speak.input)
  })

  it('speaks slower when asked to', async () => {
    const server = await start()
    const size = async (speed: number): Promise<number> =>
      (await (await post(server, '/audio/speech', { ...speak, response_format: 'pcm', speed })).arrayBuffer())
        .byteLength
    expect(await size(0.5)).toBeGreaterThan((await size(1)) * 1.7)
  })

  it('gives a WAV of unknown length, or events', async () => {
    const server = await start()
    const wav = Buffer.from(
      await (await post(server, '/audio/speech', { ...speak, response_format: 'wav' })).arrayBuffer(),
    )
    expect([wav.toString('latin1', 0, 4), wav.readUInt32LE(4), wav.readUInt32LE(24)]).toEqual([
      'RIFF',
      0xffffffff,
      24000,
    ])
    const events = await (
      await post(server, '/audio/speech', { ...speak, response_format: 'pcm', stream_format: 'sse' })
    ).text()
    expect(events.match(/^event: .*$/gm)?.at(-1)).toBe('event: speech.audio.done')
  })

  it.each([
    ['too long an input', { ...speak, input: 'a'.repeat(4097) }],
    ['a format it cannot make', { ...speak, response_format: 'mp3' }],
    ['no voice', { model: 'voice', input: 'x' }],
  ])('refuses %s', async (_, body) => {
    const server = await start()
    expect((await post(server, '/audio/speech', body)).status).toBe(400)
  })

  it('dies in the middle when told to', async () => {
    const server = await start([{ target: 'speech', kind: 'cut', after: 2 }])
    const response = await post(server, '/audio/speech', { ...speak, response_format: 'pcm' })
    await expect(response.arrayBuffer()).rejects.toThrow()
  })

  it('closes while an answer hangs', async () => {
    const server = await start([{ target: 'speech', kind: 'slow' }])
    const answer = post(server, '/audio/speech', speak).catch(() => 'ended')
    await server.requests.waitFor((one) => one.target === 'speech', 2000)
    await server.close()
    expect(await answer).toBe('ended')
  })
})
