import { contextSchema } from '@phonevoice/contracts'
import { controlRoute } from './control-route.ts'

export const addCallContext = controlRoute({
  path: '/v1/calls/{id}/context',
  operationId: 'addCallContext',
  summary: 'Tell the model something',
  description:
    'A note in the dialogue that only the language model sees, for the next answer on. It is lost when the call moves to another process.',
  body: contextSchema,
  toCommand: ({ text }) => ({ kind: 'context', text }),
})
