import { parseStreamCallback } from '@phonevoice/carriers'
import { touchCalls } from '@phonevoice/services/calls'
import type { AddRoute } from '../../describe.ts'
import { verifiedCallRequest } from './verified-request.ts'

/** The carrier tells what became of a media stream: a sign of life, and where one fails, its words for the log. */
export const addTwilioStream: AddRoute = (api) => {
  api.post('/carriers/twilio/stream', async (c) => {
    const { call, form } = await verifiedCallRequest(c)
    const callback = parseStreamCallback(form)
    if (callback?.event === 'error')
      c.get('context').log.warn('a media stream failed', { callId: call.id, streamError: callback.error })
    c.get('wide').streamEvent = callback?.event
    await touchCalls(c.get('context'), { callIds: [call.id], atMs: callback?.occurredAtMs ?? null })
    return c.body(null, 204)
  })
}
