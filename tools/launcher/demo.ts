import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { type DemoEvent, type InboxWebhook, lineForWebhook, linesFor } from './demo-lines.ts'
import type { Urls } from './environment.ts'
import { readMessages } from './sse.ts'

export interface DemoOptions {
  urls: Pick<Urls, 'api' | 'inbox'>
  testKey: string
  assistantId: string
  /** Where the recording is put. */
  recordingFile(callId: string): string
  print(line: string): void
  signal: AbortSignal
}

/** The simulated phone that books an appointment. */
export const DEMO_PHONE_NUMBER = '+12025550100'
const HOOK = 'demo'
/** A call of this kind takes half a minute. */
const DEMO_TIMEOUT_MS = 180_000
/** Webhooks may trail the event stream by a retry. */
const WEBHOOKS_TIMEOUT_MS = 15_000

/** Places one call over HTTP, as any user would, and shows it live from its event stream and from the webhooks that arrive. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { urls, print } = options
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(DEMO_TIMEOUT_MS)])
  const startedAt = performance.now()
  const say = (line: string) =>
    print(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${line}`)
  const headers = { authorization: `Bearer ${options.testKey}` }

  const call = (await readJson(
    await fetch(`${urls.api}/v1/calls`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({
        phone_number: DEMO_PHONE_NUMBER,
        assistant_id: options.assistantId,
        webhook_url: `${urls.inbox}/hooks/${HOOK}`,
      }),
      signal,
    }),
  )) as { id: string }
  say(`created    ${call.id}`)

  const enough = new AbortController()
  const webhooks = followWebhooks(options, call.id, say, AbortSignal.any([signal, enough.signal])).catch(
    () => {
      if (!signal.aborted) say('webhooks   call.completed has not arrived yet')
    },
  )
  const completed = await followCall(options, call.id, headers, say, signal)
  const timer = setTimeout(() => enough.abort(), WEBHOOKS_TIMEOUT_MS)
  await webhooks
  clearTimeout(timer)
  await showRecording(options, call.id, completed, say, signal)
}

/** Prints the call's events until the last one, which it returns. */
async function followCall(
  { urls }: DemoOptions,
  callId: string,
  headers: Record<string, string>,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<DemoEvent> {
  const response = await fetch(`${urls.api}/v1/calls/${callId}/events/stream`, { headers, signal })
  for await (const message of readMessages(await bodyOf(response))) {
    const event = JSON.parse(message.data) as DemoEvent
    for (const line of linesFor(event)) say(line)
    if (event.event === 'call.completed') return event
  }
  throw new Error('The event stream ended before the call was completed.')
}

/** Prints the webhooks of this call as the inbox receives and verifies them, until the last one. */
async function followWebhooks(
  { urls }: DemoOptions,
  callId: string,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await fetch(`${urls.inbox}/inbox/${HOOK}/stream`, { signal })
  for await (const message of readMessages(await bodyOf(response))) {
    const webhook = JSON.parse(message.data) as InboxWebhook
    if (webhook.json?.call_id !== callId) continue
    say(lineForWebhook(webhook))
    if (webhook.json.event === 'call.completed') return
  }
}

async function showRecording(
  options: DemoOptions,
  callId: string,
  completed: DemoEvent,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const url = completed.data.recording_url
  if (typeof url !== 'string') return say('recording  none')
  say(`recording  ${url}`)
  const file = options.recordingFile(callId)
  const body = await bodyOf(await fetch(url, { signal }))
  await pipeline(Readable.fromWeb(body as NodeReadableStream), createWriteStream(file, { mode: 0o600 }), {
    signal,
  })
  say(`listen to  ${file}`)
}

async function bodyOf(response: Response): Promise<ReadableStream<Uint8Array>> {
  if (!response.ok || !response.body) throw new Error(await problemOf(response))
  return response.body
}

async function readJson(response: Response): Promise<unknown> {
  if (!response.ok) throw new Error(await problemOf(response))
  return await response.json()
}

async function problemOf(response: Response): Promise<string> {
  const { pathname } = new URL(response.url)
  return `${pathname} answered ${response.status}: ${(await response.text()).slice(0, 500)}`
}
