import { z } from 'zod'
import { ApiError, toInvalidRequest } from '../api-error.ts'

const contentSchema = z
  .union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))])
  .nullish()
  .transform((content) =>
    typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join(' '),
  )

const toolCallSchema = z.looseObject({
  id: z.string().min(1),
  type: z.literal('function'),
  function: z.looseObject({ name: z.string(), arguments: z.string() }),
})

const messageSchema = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content: contentSchema,
  tool_calls: z.array(toolCallSchema).optional(),
  tool_call_id: z.string().optional(),
})

const toolSchema = z.looseObject({
  type: z.literal('function'),
  function: z.looseObject({
    name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
  }),
})

const requestSchema = z.looseObject({
  model: z.string().min(1),
  messages: z.array(messageSchema).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  tools: z.array(toolSchema).nullish(),
  tool_choice: z
    .union([
      z.enum(['none', 'auto', 'required']),
      z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: z.string() }) }),
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: z
    .discriminatedUnion('type', [
      z.looseObject({ type: z.literal('text') }),
      z.looseObject({ type: z.literal('json_object') }),
      z.looseObject({
        type: z.literal('json_schema'),
        json_schema: z.looseObject({
          name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
          schema: z.record(z.string(), z.unknown()).optional(),
        }),
      }),
    ])
    .nullish(),
  max_completion_tokens: z.number().int().min(1).nullish(),
  max_tokens: z.number().int().min(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(4)]).nullish(),
})

export type ChatRequest = z.infer<typeof requestSchema>
export type ChatMessage = ChatRequest['messages'][number]
export type ChatTool = NonNullable<ChatRequest['tools']>[number]

/** Checks a chat completions body (API reference, "Create chat completion"). Throws `ApiError` with status 400. */
export function parseChatRequest(body: unknown): ChatRequest {
  const result = requestSchema.safeParse(body)
  if (!result.success) throw toInvalidRequest(result.error)
  checkToolReplies(result.data.messages)
  const format = result.data.response_format
  if (format?.type === 'json_schema' && format.json_schema.schema?.type !== 'object') {
    throw new ApiError(400, "Invalid schema for response_format: the root must be of type 'object'.", {
      param: 'response_format',
      code: 'invalid_json_schema',
    })
  }
  return result.data
}

/** Every tool call of an assistant message must be answered by the tool messages right behind it. */
function checkToolReplies(messages: readonly ChatMessage[]): void {
  for (const [index, message] of messages.entries()) {
    const missing = new Set(message.tool_calls?.map((call) => call.id))
    for (let at = index + 1; messages[at]?.role === 'tool'; at++)
      missing.delete(messages[at]?.tool_call_id ?? '')
    if (missing.size > 0) {
      throw new ApiError(
        400,
        `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. Missing: ${[...missing].join(', ')}.`,
        { param: `messages.[${index}].role` },
      )
    }
  }
}
