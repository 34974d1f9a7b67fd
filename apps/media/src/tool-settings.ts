import { nameOfTool, type Tool } from '@phonevoice/contracts'
import type { ToolSetting } from '@phonevoice/conversation'
import type { LlmTool } from '@phonevoice/providers/contract'

/** What the conversation machine must know of an assistant's tools. */
export function toToolSettings(tools: readonly Tool[]): ToolSetting[] {
  return tools.map((tool) => ({
    name: nameOfTool(tool),
    kind: tool.type,
    isSafeToCancel: tool.type === 'http' && tool.safe_to_cancel === true,
    ...(tool.type === 'http' && tool.filler !== undefined && { filler: tool.filler }),
  }))
}

/** What the language model is told of them. */
export function toLlmTools(tools: readonly Tool[]): LlmTool[] {
  return tools.map((tool) => {
    if (tool.type === 'http')
      return { name: tool.name, description: tool.description, parameters: tool.parameters }
    return tool.type === 'end_call' ? END_CALL : PRESS_KEYS
  })
}

const END_CALL: LlmTool = {
  name: 'end_call',
  description:
    'Ends the phone call. Use it when the conversation is over; say goodbye in the same message, it is heard first.',
  parameters: { type: 'object', properties: {}, additionalProperties: false },
}

const PRESS_KEYS: LlmTool = {
  name: 'press_keys',
  description: 'Presses keys on the phone, for example in the menu of a machine at the other end.',
  parameters: {
    type: 'object',
    properties: {
      digits: { type: 'string', description: '0-9, *, # in order; a comma is a pause of half a second.' },
    },
    required: ['digits'],
    additionalProperties: false,
  },
}
