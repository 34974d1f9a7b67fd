import { parseMachineDetectionCallback } from '@phonevoice/carriers'
import { endForVoicemail } from '@phonevoice/services/calls'
import type { AddRoute } from '../../describe.ts'
import { verifiedCallRequest } from './verified-request.ts'

/** The carrier tells who answered a call that we placed. A machine ends it; anything else, and any doubt, changes nothing. */
export const addTwilioMachine: AddRoute = (api) => {
  api.post('/carriers/twilio/machine', async (c) => {
    const { call, form } = await verifiedCallRequest(c)
    const callback = parseMachineDetectionCallback(form)
    c.get('wide').answeredBy = callback?.answeredBy
    const isThisCall = callback !== null && callback.carrierCallId === call.carrierCallId
    if (isThisCall && callback.answeredBy === 'machine')
      c.get('wide').isBelieved = await endForVoicemail(c.get('context'), {
        callId: call.id,
        hasBeeped: callback.hasBeeped,
      })
    return c.body(null, 204)
  })
}
