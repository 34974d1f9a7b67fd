import type { Log, Timers } from '@phonevoice/base'
import type { HttpTool } from '@phonevoice/contracts'
import type { ToolCall } from '@phonevoice/conversation'
import { checkArguments } from './check-arguments.ts'

export interface ToolsOptions {
  callId: string
  tools: readonly HttpTool[]
  /** For users' own servers: checks the address of every connection. */
  guardedFetch: typeof fetch
  /** Headers computed from the exact bytes of the body. */
  sign(body: string): Record<string, string>
  /** Once per tool that was run and not cancelled. `output` is for the model. */
  onOutput(toolCallId: string, output: string): void
  timers: Timers
  log: Log
}

/** Runs the assistant's own tools: one signed request each. */
export interface Tools {
  run(call: ToolCall): void
  cancel(toolCallId: string): void
  close(): void
}

const TIMEOUT_MS = 5000
/** What the model is shown of an answer; longer ones are cut. */
const OUTPUT_CHARACTERS_MAX = 4000
/** Read of an answer at most; UTF-8 needs up to four bytes a character. */
const OUTPUT_BYTES_MAX = 4 * OUTPUT_CHARACTERS_MAX

export function createTools(options: ToolsOptions): Tools {
  const { log } = options
  const running = new Map<string, AbortController>()

  function run(call: ToolCall): void {
    const controller = new AbortController()
    running.set(call.id, controller)
    void outputOf(call, controller.signal).then((output) => {
      if (running.get(call.id) !== controller) return
      running.delete(call.id)
      options.onOutput(call.id, output)
    })
  }

  /** Never throws: whatever goes wrong is something the model is told. */
  async function outputOf(call: ToolCall, stop: AbortSignal): Promise<string> {
    const tool = options.tools.find(({ name }) => name === call.name)
    if (!tool) return 'Error: there is no tool of this name.'
    const given = parse(call.arguments)
    if (given === undefined) return 'Error: the arguments are not valid JSON.'
    const problem = checkArguments(tool.parameters, given)
    if (problem !== null) return `Error: ${problem}`
    const deadline = new AbortController()
    const timer = options.timers.after(tool.timeout_ms ?? TIMEOUT_MS, () => deadline.abort())
    try {
      return await request(tool, call, given, AbortSignal.any([stop, deadline.signal]))
    } catch (error) {
      log.warn('a tool failed', { tool: tool.name, isLate: deadline.signal.aborted, error })
      return deadline.signal.aborted
        ? 'Error: the tool did not answer in time. Whether it did its work is not known.'
        : 'Error: the tool could not be reached.'
    } finally {
      timer.cancel()
    }
  }

  async function request(
    tool: HttpTool,
    call: ToolCall,
    given: unknown,
    signal: AbortSignal,
  ): Promise<string> {
    const body = JSON.stringify({
      tool: tool.name,
      call_id: options.callId,
      tool_call_id: `${options.callId}:${call.id}`,
      arguments: given,
    })
    const response = await options.guardedFetch(tool.url, {
      method: 'POST',
      headers: {
        ...tool.headers,
        'content-type': 'application/json',
        'PhoneVoice-Call-Id': options.callId,
        // The same for a repetition, so that a tool can tell one.
        'Idempotency-Key': `${options.callId}:${call.id}`,
        ...options.sign(body),
      },
      body,
      redirect: 'manual',
      signal,
    })
    const text = await readText(response, signal)
    log.info('a tool answered', { tool: tool.name, status: response.status, characters: text.length })
    if (!response.ok) return `Error: the tool answered with status ${response.status}. ${text}`.trim()
    return text.trim() === '' ? 'Done.' : text
  }

  return {
    run,
    cancel(toolCallId) {
      running.get(toolCallId)?.abort()
      running.delete(toolCallId)
    },
    close() {
      for (const controller of running.values()) controller.abort()
      running.clear()
    },
  }
}

/** The beginning of an answer, as much as the model is shown; the rest is not even read. */
async function readText(response: Response, signal: AbortSignal): Promise<string> {
  if (!response.body) return ''
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  try {
    for (;;) {
      signal.throwIfAborted()
      const { done, value } = await reader.read()
      if (done) break
      bytes += value.length
      text += decoder.decode(value, { stream: true })
      if (bytes >= OUTPUT_BYTES_MAX || text.length > OUTPUT_CHARACTERS_MAX) break
    }
  } finally {
    reader.cancel().catch(() => {})
  }
  return text.length > OUTPUT_CHARACTERS_MAX ? `${text.slice(0, OUTPUT_CHARACTERS_MAX)}… (cut)` : text
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
