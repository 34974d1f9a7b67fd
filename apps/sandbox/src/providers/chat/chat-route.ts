import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { pause } from '../../pause.ts'
import {
  clientSignal,
  commonHeaders,
  type HonoContext,
  type ProviderContext,
  parseJson,
  readText,
  requireKey,
  toFaultError,
} from '../http.ts'
import { parseChatRequest } from './chat-request.ts'
import { streamCompletion } from './chat-stream.ts'
import { complete, textOf, toCompletionBody } from './complete.ts'

/** `POST /v1/chat/completions`, streamed or whole. */
export async function handleChat(c: HonoContext, context: ProviderContext): Promise<Response> {
  const { timers, latencies, requests, faults } = context
  requireKey(c.req.header('authorization'))
  const text = await readText(c)
  const body = parseJson(text)
  const entry = requests.add('chat', c.req.path, c.env.incoming.headers, body)
  const finish = (outcome: typeof entry.outcome): void => {
    entry.outcome = outcome
    requests.changed()
  }
  try {
    const fault = faults.take('chat', { text })
    if (fault?.kind === 'status') throw toFaultError(fault)
    const request = parseChatRequest(body)
    const completion = complete(request, timers.now())
    const signal = clientSignal(c, context.closing)
    if (request.stream !== true) {
      const delayMs =
        latencies.llmFirstTokenMs + (fault?.kind === 'slow' || fault?.kind === 'stall' ? fault.delay_ms : 0)
      await pause(timers, delayMs, signal)
      if (fault?.kind === 'cut') c.env.incoming.socket.resetAndDestroy()
      entry.reply = textOf(completion.answer)
      finish(signal.aborted ? 'aborted' : 'completed')
      return c.json(toCompletionBody(completion), 200, commonHeaders(delayMs))
    }
    const response = c.env.outgoing
    for (const [name, value] of Object.entries(commonHeaders(0))) response.setHeader(name, value)
    response.setHeader('content-type', 'text/event-stream; charset=utf-8')
    response.setHeader('cache-control', 'no-cache')
    const isWhole = await streamCompletion(response, completion, {
      fault,
      latencies,
      timers,
      signal,
      onSent(part) {
        entry.reply += part
      },
    })
    if (context.closing.aborted) response.destroy()
    finish(isWhole ? 'completed' : signal.aborted && fault?.kind !== 'cut' ? 'aborted' : 'failed')
    return RESPONSE_ALREADY_SENT
  } catch (error) {
    finish('failed')
    throw error
  }
}
