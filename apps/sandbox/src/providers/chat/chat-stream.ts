import type { ServerResponse } from 'node:http'
import type { Timers } from '@phonevoice/base'
import { pause } from '../../pause.ts'
import type { Fault } from '../faults.ts'
import type { Latencies } from '../latencies.ts'
import type { Answer } from './answer.ts'
import { toTokens } from './tokens.ts'

type FinishReason = 'stop' | 'length' | 'tool_calls'

/** One chat completion on its way out. */
export interface Completion {
  id: string
  createdSeconds: number
  model: string
  answer: Answer
  finishReason: FinishReason
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number }
  /** The request asked for a usage chunk. */
  wantsUsage: boolean
}

export interface StreamSettings {
  fault: Fault | null
  latencies: Latencies
  timers: Timers
  /** Aborts when the client goes away or the server closes. */
  signal: AbortSignal
  /** Called with each piece of text that was sent. */
  onSent(text: string): void
}

/** JSON of arguments is cut into pieces of this many characters, anywhere: inside names, numbers and escapes. */
const ARGUMENT_PIECE = 7

/**
 * Streams a completion as the API reference describes ("Streaming"): a chunk with the role, chunks with content or tool call fragments, one
 * with the finish reason, one with usage when asked, `[DONE]`. True when all of it was sent; false when a fault or the client ended it.
 */
export async function streamCompletion(
  response: ServerResponse,
  completion: Completion,
  settings: StreamSettings,
): Promise<boolean> {
  const { fault, latencies, timers, signal } = settings
  const isEmpty = fault?.kind === 'empty-choices'
  const deltas = isEmpty ? [] : toDeltas(completion.answer)
  let sent = 0
  const send = async (payload: unknown): Promise<void> => {
    if (!response.write(`data: ${typeof payload === 'string' ? payload : JSON.stringify(payload)}\n\n`)) {
      await drained(response, signal)
    }
  }
  response.writeHead(200)
  response.flushHeaders()
  await pause(timers, latencies.llmFirstTokenMs + (fault?.kind === 'slow' ? fault.delay_ms : 0), signal)
  const chunks = [
    { delta: { role: 'assistant', content: completion.answer.type === 'text' ? '' : null }, text: '' },
    ...deltas,
  ]
  for (const { delta, text } of chunks) {
    if (fault && sent >= fault.after && (await strike(response, fault, settings, send))) return false
    if (sent > 1) await pause(timers, latencies.llmPerTokenMs, signal)
    if (signal.aborted) return false
    await send(toChunk(completion, [{ index: 0, delta, finish_reason: null }]))
    settings.onSent(text)
    sent++
  }
  if (fault && (await strike(response, fault, settings, send))) return false
  await send(
    toChunk(completion, isEmpty ? [] : [{ index: 0, delta: {}, finish_reason: completion.finishReason }]),
  )
  if (completion.wantsUsage && fault?.kind !== 'no-usage') {
    await send({ ...toChunk(completion, []), usage: completion.usage })
  }
  await send('[DONE]')
  response.end()
  return !signal.aborted
}

/** Applies a fault whose moment has come. True when the stream is over. */
async function strike(
  response: ServerResponse,
  fault: Fault,
  { timers, signal }: StreamSettings,
  send: (payload: unknown) => Promise<void>,
): Promise<boolean> {
  switch (fault.kind) {
    case 'cut':
      response.socket?.resetAndDestroy()
      return true
    case 'stall':
      await pause(timers, fault.delay_ms, signal)
      return signal.aborted
    case 'error-payload':
      await send({ error: { message: fault.message, type: 'server_error', param: null, code: fault.code } })
      response.end()
      return true
    case 'malformed-chunk':
      await send('{"id":"chatcmpl-broken","choices":[{"index":0,"delta":{"cont')
      response.end()
      return true
    default:
      return false
  }
}

function toDeltas(answer: Answer): { delta: unknown; text: string }[] {
  if (answer.type === 'text') {
    return toTokens(answer.text).map((token) => ({ delta: { content: token }, text: token }))
  }
  return answer.calls.flatMap((call, index) => {
    const opening = { index, id: call.id, type: 'function', function: { name: call.name, arguments: '' } }
    const pieces = call.arguments.match(new RegExp(`.{1,${ARGUMENT_PIECE}}`, 'gs')) ?? []
    return [
      { delta: { tool_calls: [opening] }, text: `${call.name} ` },
      ...pieces.map((piece) => ({
        delta: { tool_calls: [{ index, function: { arguments: piece } }] },
        text: piece,
      })),
    ]
  })
}

function toChunk(completion: Completion, choices: readonly unknown[]): Record<string, unknown> {
  return {
    id: completion.id,
    object: 'chat.completion.chunk',
    created: completion.createdSeconds,
    model: completion.model,
    service_tier: 'default',
    choices: choices.map((choice) => ({ logprobs: null, ...(choice as object) })),
    ...(completion.wantsUsage ? { usage: null } : {}),
  }
}

function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    response.on('drain', done)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}
