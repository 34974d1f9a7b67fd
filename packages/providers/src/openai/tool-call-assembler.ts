import type { LlmToolCall } from '../contract/index.ts'
import { isRecord } from '../streaming/http-errors.ts'

/**
 * Puts the tool calls of a stream together. Pieces belong to the call of their `index`; where a server leaves it out, to the call of their `id`, or to the
 * latest one. Arguments come in any number of pieces, or as an object; several calls may be told at once. A call without a name is none.
 */
export interface ToolCallAssembler {
  /** The `tool_calls` of one chunk, whatever it is. */
  push(pieces: unknown): void
  /** The calls in the order in which they began. */
  take(): LlmToolCall[]
}

/** More than a spoken turn ever needs; the rest is dropped. */
const CALLS_MAX = 16
const ARGUMENTS_LENGTH_MAX = 100_000

export function createToolCallAssembler(): ToolCallAssembler {
  const calls: { index: unknown; id: string; name: string; arguments: string }[] = []

  function callOf(piece: Record<string, unknown>) {
    const id = typeof piece.id === 'string' ? piece.id : ''
    const known =
      typeof piece.index === 'number'
        ? calls.find((call) => call.index === piece.index && (id === '' || call.id === '' || call.id === id))
        : id === ''
          ? calls.at(-1)
          : calls.find((call) => call.id === id)
    if (known) {
      known.id ||= id
      return known
    }
    if (calls.length >= CALLS_MAX) return null
    const call = { index: piece.index, id, name: '', arguments: '' }
    calls.push(call)
    return call
  }

  return {
    push(pieces) {
      if (!Array.isArray(pieces)) return
      for (const piece of pieces) {
        if (!isRecord(piece) || !isRecord(piece.function)) continue
        const call = callOf(piece)
        if (!call) continue
        const { name, arguments: more } = piece.function
        if (typeof name === 'string' && call.name === '') call.name = name
        const text = typeof more === 'string' ? more : isRecord(more) ? JSON.stringify(more) : ''
        if (call.arguments.length + text.length <= ARGUMENTS_LENGTH_MAX) call.arguments += text
      }
    },
    take: () =>
      calls
        .filter((call) => call.name !== '')
        .map((call, place) => ({
          id: call.id || `call_${place}`,
          name: call.name,
          arguments: call.arguments.trim() === '' ? '{}' : call.arguments,
        })),
  }
}
