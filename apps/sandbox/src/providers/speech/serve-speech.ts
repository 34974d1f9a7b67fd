import type { ServerResponse } from 'node:http'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { pause } from '../../pause.ts'
import type { Fault } from '../faults.ts'
import { clientSignal, type HonoContext, type ProviderContext } from '../http.ts'
import type { VendorError } from '../vendor-error.ts'

/** A vendor's answer to a request for speech. */
export interface SpeechAnswer {
  /** The text that is spoken. */
  said: string
  headers: Readonly<Record<string, string>>
  parts: AsyncIterable<Uint8Array | string>
}

export interface SpeechExchange {
  /** The body as text, for faults that look for something in it, and parsed, for the log. */
  text: string
  body: unknown
  toFault(fault: Fault): VendorError
  /** Checks the request; throws a `VendorError` to refuse it. `signal` aborts when the client goes away. */
  begin(signal: AbortSignal): SpeechAnswer
}

/** Answers a request for speech as the simulated voices do: after a while, word by word, as fast as it is taken, unless a fault strikes. */
export async function serveSpeech(
  c: HonoContext,
  context: ProviderContext,
  exchange: SpeechExchange,
): Promise<Response> {
  const { timers, latencies, requests, faults } = context
  const entry = requests.add('speech', c.req.path, c.env.incoming.headers, exchange.body)
  const finish = (outcome: typeof entry.outcome): void => {
    entry.outcome = outcome
    requests.changed()
  }
  try {
    const fault = faults.take('speech', { text: exchange.text })
    if (fault?.kind === 'status') throw exchange.toFault(fault)
    const signal = clientSignal(c, context.closing)
    const answer = exchange.begin(signal)
    await pause(timers, latencies.ttsFirstByteMs + (fault?.kind === 'slow' ? fault.delay_ms : 0), signal)
    const response = c.env.outgoing
    for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value)
    const isWhole = await sendParts(response, answer.parts, fault, signal, context)
    entry.reply = answer.said
    if (context.closing.aborted) response.destroy()
    finish(isWhole ? 'completed' : signal.aborted && fault?.kind !== 'cut' ? 'aborted' : 'failed')
    return RESPONSE_ALREADY_SENT
  } catch (error) {
    finish('failed')
    throw error
  }
}

async function sendParts(
  response: ServerResponse,
  parts: AsyncIterable<Uint8Array | string>,
  fault: Fault | null,
  signal: AbortSignal,
  { timers }: ProviderContext,
): Promise<boolean> {
  let sent = 0
  for await (const part of parts) {
    if (fault && sent >= fault.after && fault.kind === 'stall') await pause(timers, fault.delay_ms, signal)
    if (fault && sent >= fault.after && fault.kind === 'cut') {
      response.socket?.resetAndDestroy()
      return false
    }
    if (signal.aborted) return false
    await write(response, part, signal)
    sent++
  }
  response.end()
  return true
}

/** Waits for the client to have taken it, and lets other requests have their turn. */
function write(response: ServerResponse, part: Uint8Array | string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
    response.write(part, done)
  })
}
