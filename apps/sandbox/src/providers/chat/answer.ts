import { randomBytes } from 'node:crypto'
import { analyse } from './analyse.ts'
import type { ChatMessage, ChatRequest, ChatTool } from './chat-request.ts'
import { containsPhrase, type Instructions, readInstructions } from './instructions.ts'
import { jsonFromSchema } from './json-from-schema.ts'
import { type Language, smallTalk } from './small-talk.ts'

export interface ToolCall {
  id: string
  name: string
  /** JSON. */
  arguments: string
}

/** What the simulated model answers: text, or calls of tools. */
export type Answer = { type: 'text'; text: string } | { type: 'tool-calls'; calls: readonly ToolCall[] }

/**
 * The simulated language model. It is deterministic: the same messages always give the same answer (only tool call ids differ). In order:
 *
 * 1. A JSON schema asked for is filled from the conversation.
 * 2. A tool is called when `tool_choice` forces it, an instruction says so, or the caller names it (`check availability` for
 *    `check_availability`), unless its result already stands behind the caller's last words.
 * 3. Instructions in the system prompt (see `instructions.ts`).
 * 4. A tool's result is told: `The result of NAME is: RESULT`.
 * 5. Small talk of a practice that books appointments (see `small-talk.ts`), in French when the prompt or the caller is.
 */
export function answer(request: ChatRequest): Answer {
  const { messages } = request
  const systemText = textOf(messages, ['system', 'developer'])
  const instructions = readInstructions(systemText)
  const heard = messages.filter((message) => message.role === 'user').map((message) => message.content)
  const said = heard.at(-1) ?? ''
  const format = request.response_format
  if (format?.type === 'json_schema') {
    return text(JSON.stringify(jsonFromSchema(format.json_schema.schema ?? {}, analyse(messages))))
  }
  const calls = chooseCalls(request, instructions, said)
  if (calls.length > 0) return { type: 'tool-calls', calls }
  const reply =
    follow(instructions, said) ?? toolResult(messages) ?? smallTalk(heard, languageOf(systemText, heard))
  return text(format?.type === 'json_object' ? JSON.stringify({ reply }) : reply)
}

function follow(instructions: Instructions, said: string): string | null {
  if (instructions.sayExactly !== null) return instructions.sayExactly
  const fitting = instructions.replies.find(({ phrase }) => containsPhrase(said, phrase))
  if (fitting) return fitting.text
  if (instructions.isEcho && said.trim() !== '') return `You said: ${said.trim()}`
  return instructions.otherwise
}

function chooseCalls(request: ChatRequest, instructions: Instructions, said: string): ToolCall[] {
  const tools = request.tools ?? []
  const choice = request.tool_choice ?? 'auto'
  if (choice === 'none' || tools.length === 0 || request.messages.at(-1)?.role === 'tool') return []
  const call = (tool: ChatTool, argumentsJson: string | null = null): ToolCall => ({
    id: `call_${randomBytes(12).toString('hex')}`,
    name: tool.function.name,
    arguments:
      argumentsJson ??
      JSON.stringify(jsonFromSchema(tool.function.parameters ?? {}, analyse(request.messages))),
  })
  if (typeof choice === 'object') {
    return tools.filter((tool) => tool.function.name === choice.function.name).map((tool) => call(tool))
  }
  const wanted = tools.flatMap((tool) => {
    const { name } = tool.function
    const rule = instructions.calls.find((one) => one.tool === name && containsPhrase(said, one.phrase))
    if (rule) return [call(tool, rule.argumentsJson)]
    return containsPhrase(said, name) || containsPhrase(said, name.replaceAll(/[_-]+/g, ' '))
      ? [call(tool)]
      : []
  })
  if (wanted.length === 0 && choice === 'required') return tools.slice(0, 1).map((tool) => call(tool))
  return request.parallel_tool_calls === false ? wanted.slice(0, 1) : wanted
}

function toolResult(messages: readonly ChatMessage[]): string | null {
  const last = messages.at(-1)
  if (last?.role !== 'tool') return null
  const name = messages
    .flatMap((message) => message.tool_calls ?? [])
    .find((one) => one.id === last.tool_call_id)?.function.name
  return `The result of ${(name ?? 'the tool').replaceAll(/[_-]+/g, ' ')} is: ${last.content}`
}

function languageOf(systemText: string, heard: readonly string[]): Language {
  if (/\bfrench\b|\bfran[cç]ais|\bfr-[A-Z]{2}\b/i.test(systemText)) return 'fr'
  return heard.some((words) => /\b(?:bonjour|merci|rendez-vous|voudrais|au revoir)\b/i.test(words))
    ? 'fr'
    : 'en'
}

function textOf(messages: readonly ChatMessage[], roles: readonly ChatMessage['role'][]): string {
  return messages
    .filter((message) => roles.includes(message.role))
    .map((message) => message.content)
    .join('\n')
}

function text(content: string): Answer {
  return { type: 'text', text: content }
}
