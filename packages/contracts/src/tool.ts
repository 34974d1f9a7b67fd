import { z } from 'zod'
import { headersSchema } from './headers.ts'
import { httpUrlSchema } from './http-url.ts'

const filler = z.string().min(1).max(200).nullable().optional().meta({
  description:
    'Spoken while the tool runs and nothing else is; null: nothing; left out: a word of the language.',
})

/** A tool of the assistant's own, over HTTP. */
export const httpToolSchema = z
  .strictObject({
    type: z.literal('http'),
    name: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, "_" or "-"')
      .refine((name) => name !== 'end_call' && name !== 'press_keys', 'is the name of a built-in tool'),
    description: z.string().min(1).max(1000).meta({ description: 'Tells the model when to use it.' }),
    parameters: z
      .record(z.string(), z.unknown())
      .refine((schema) => schema.type === 'object', 'must be the JSON Schema of an object')
      .refine((schema) => JSON.stringify(schema).length <= 10_000, 'must be at most 10,000 characters')
      .meta({ description: 'JSON Schema of the arguments, an object.' }),
    url: httpUrlSchema.meta({
      description: 'Gets a signed `POST` with the arguments.',
      example: 'https://tools.example.com/orders',
    }),
    headers: headersSchema.optional().meta({
      description: 'Sent with each request. Write-only: values read back as `"***"`.',
    }),
    timeout_ms: z.int().min(500).max(20_000).optional().meta({ description: 'Default 5000.' }),
    safe_to_cancel: z.boolean().optional().meta({
      description:
        'The tool only looks something up: an interruption of the caller cancels it. Default false.',
    }),
    filler,
  })
  .meta({ id: 'HttpTool' })
export type HttpTool = z.infer<typeof httpToolSchema>

export const toolSchema = z.discriminatedUnion('type', [
  httpToolSchema,
  z
    .strictObject({ type: z.literal('end_call') })
    .meta({ id: 'EndCallTool', description: 'Ends the call once the assistant has been heard.' }),
  z
    .strictObject({ type: z.literal('press_keys') })
    .meta({ id: 'PressKeysTool', description: 'Presses keys, for a menu at the other end.' }),
])
export type Tool = z.infer<typeof toolSchema>

/** The model calls tools by name, so no two may share one. */
export function refuseSameNames(tools: readonly Tool[], context: z.RefinementCtx): void {
  const seen = new Set<string>()
  tools.forEach((tool, index) => {
    const name = nameOfTool(tool)
    if (seen.has(name))
      context.addIssue({ code: 'custom', path: [index], message: `there is already a tool "${name}"` })
    seen.add(name)
  })
}

/** The name under which the model knows it. */
export function nameOfTool(tool: Tool): string {
  return tool.type === 'http' ? tool.name : tool.type
}
