import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createWebhookSecret, signWebhook } from '@phonevoice/signing'
import { afterEach, describe, expect, it } from 'vitest'

const secret = createWebhookSecret()
const running: ChildProcess[] = []

/** Starts an example on a port of the system's choice; its address is in the first line it prints. */
async function start(example: string): Promise<{ url: string; child: ChildProcess; output: () => string }> {
  const file = path.join(import.meta.dirname, example, 'server.mjs')
  const env = { ...process.env, PORT: '0', WEBHOOK_SECRET: secret, WORDS_PER_SECOND: '1000' }
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  running.push(child)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  await expect.poll(() => output).toMatch(/http:\S+/)
  return { url: /http:\S+/.exec(output)?.[0] ?? '', child, output: () => output }
}

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

describe('examples/webhook-receiver', () => {
  const body = JSON.stringify({
    event: 'transcription',
    call_id: 'call_1',
    timestamp: 1,
    data: { role: 'user', text: 'Hello – é' },
    id: 'evt_1',
    sequence: 4,
  })
  const post = (url: string, text: string, timestampSeconds: number) => {
    const header = signWebhook({ secret, body, timestampSeconds })
    return fetch(url, { method: 'POST', body: text, headers: { 'PhoneVoice-Signature': header } })
  }
  const now = () => Math.floor(Date.now() / 1000)

  it('prints a genuine event once, refuses others, and ends on SIGTERM', async () => {
    const { url, child, output } = await start('webhook-receiver')
    expect((await post(url, body, now())).status).toBe(204)
    expect((await post(url, body, now())).status).toBe(204)
    expect((await post(url, `${body} `, now())).status).toBe(400)
    expect((await post(url, body, now() - 3600)).status).toBe(400)
    expect((await fetch(url)).status).toBe(400)
    expect(output().match(/call_1 #4 transcription user: Hello – é/g)).toHaveLength(1)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})

describe('examples/custom-llm', () => {
  const ask = (url: string, content: string, signal?: AbortSignal) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'PhoneVoice-Call-Id': 'call_7' },
      body: JSON.stringify({ model: 'mine', stream: true, messages: [{ role: 'user', content }] }),
      ...(signal ? { signal } : {}),
    })

  it('streams an answer in OpenAI chunks, shows the call, and survives a caller who interrupts', async () => {
    const { url, child, output } = await start('custom-llm')
    const abort = new AbortController()
    const interrupted = await ask(url, 'a '.repeat(5000), abort.signal)
    await interrupted.body?.getReader().read()
    abort.abort()

    const response = await ask(url, 'Thank you')
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const lines = (await response.text()).trim().split('\n\n')
    expect(lines.pop()).toBe('data: [DONE]')
    const chunks = lines.map((line) => JSON.parse(line.slice('data: '.length)).choices[0])
    expect(chunks.map((chunk) => chunk.delta.content ?? '').join('')).toBe(
      'Thank you for calling. Goodbye. <hangup/>',
    )
    expect(chunks.at(-1).finish_reason).toBe('stop')
    expect(output()).toContain('call_7: Thank you for calling.')
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  it('answers the request for an analysis in one piece, with a JSON object', async () => {
    const { url } = await start('custom-llm')
    const response = await fetch(url, {
      method: 'POST',
      body: JSON.stringify({ messages: [], stream: false }),
    })
    const { choices } = (await response.json()) as { choices: { message: { content: string } }[] }
    expect(JSON.parse(choices[0]?.message.content ?? '')).toMatchObject({
      sentiment: 'neutral',
      intent: 'echo',
    })
  })
})
