/** Chat completion answers as OpenAI documents them on the wire. */
import { type Answer, pieces } from './http-server.ts'

export function delta(text: string): string {
  return data({
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [choice({ content: text })],
    usage: null,
  })
}

export function data(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`
}

export function choice(fields: object, finishReason: string | null = null): object {
  return { index: 0, delta: fields, finish_reason: finishReason }
}

export const roleChunk = data({
  id: 'c1',
  object: 'chat.completion.chunk',
  choices: [choice({ role: 'assistant', content: '' })],
})
export const stopChunk = data({ id: 'c1', object: 'chat.completion.chunk', choices: [choice({}, 'stop')] })
export const usageChunk = data({
  id: 'c1',
  object: 'chat.completion.chunk',
  choices: [],
  usage: {
    prompt_tokens: 31,
    completion_tokens: 2,
    total_tokens: 33,
    prompt_tokens_details: { cached_tokens: 7 },
  },
})
export const doneLine = 'data: [DONE]\n\n'

/** A whole, well-formed answer. */
export function spoken(...texts: string[]): Answer {
  return pieces('text/event-stream', [roleChunk, ...texts.map(delta), stopChunk, usageChunk, doneLine])
}
