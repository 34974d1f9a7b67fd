import { saySchema } from '@phonevoice/contracts'
import { controlRoute } from './control-route.ts'

export const addCallSay = controlRoute({
  path: '/v1/calls/{id}/say',
  operationId: 'sayOnCall',
  summary: 'Say something',
  description: 'The assistant says it with its own voice; it is a `transcription` like its other words.',
  body: saySchema,
  toCommand: ({ text, interrupt }) => ({ kind: 'say', text, interrupt: interrupt ?? false }),
})
