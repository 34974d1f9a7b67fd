import { keysSchema } from '@phonevoice/contracts'
import { controlRoute } from './control-route.ts'

export const addCallKeys = controlRoute({
  path: '/v1/calls/{id}/keys',
  operationId: 'pressCallKeys',
  summary: 'Press keys',
  description:
    'The other side hears the tones as soon as the assistant has finished its sentence, whether or not the other side speaks.',
  body: keysSchema,
  toCommand: ({ digits }) => ({ kind: 'keys', digits }),
})
