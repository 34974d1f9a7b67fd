import { muteSchema } from '@phonevoice/contracts'
import { controlRoute } from './control-route.ts'

export const addCallMute = controlRoute({
  path: '/v1/calls/{id}/mute',
  operationId: 'muteCall',
  summary: 'Mute the assistant, or give it its voice back',
  description: 'A muted assistant stops at once, listens and writes down.',
  body: muteSchema,
  toCommand: ({ muted }) => ({ kind: 'mute', muted }),
})
