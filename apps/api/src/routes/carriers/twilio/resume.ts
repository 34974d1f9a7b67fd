import { hangupTwiml, parseVoiceRequest } from '@phonevoice/carriers'
import type { AddRoute } from '../../describe.ts'
import { connectCall } from './connect-call.ts'
import { twiml } from './twiml-response.ts'
import { verifiedCallRequest } from './verified-request.ts'

/** A stream is over and the call is not: we ended it, or its media process has died and another goes on. */
export const addTwilioResume: AddRoute = (api) => {
  api.post('/carriers/twilio/resume', async (c) => {
    const { call, form } = await verifiedCallRequest(c)
    const request = parseVoiceRequest(form)
    if (!request) return twiml(c, hangupTwiml())
    const { carrierCallId } = request
    // The number is ours and signed with the URL; without one it is the second stream.
    const streamNumber = Number(c.req.query('stream')) || 2
    return twiml(c, await connectCall(c.get('context'), { callId: call.id, carrierCallId, streamNumber }))
  })
}
