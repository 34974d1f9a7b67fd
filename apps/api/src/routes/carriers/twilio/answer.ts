import { hangupTwiml, parseVoiceRequest } from '@phonevoice/carriers'
import type { AddRoute } from '../../describe.ts'
import { connectCall } from './connect-call.ts'
import { twiml } from './twiml-response.ts'
import { verifiedCallRequest } from './verified-request.ts'

/** The callee has picked up; the carrier asks what to do. */
export const addTwilioAnswer: AddRoute = (api) => {
  api.post('/carriers/twilio/answer', async (c) => {
    const { call, form } = await verifiedCallRequest(c)
    const request = parseVoiceRequest(form)
    if (!request) return twiml(c, hangupTwiml())
    const { carrierCallId } = request
    return twiml(c, await connectCall(c.get('context'), { callId: call.id, carrierCallId, streamNumber: 1 }))
  })
}
