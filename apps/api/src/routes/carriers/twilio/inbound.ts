import { hangupTwiml, parseVoiceRequest, rejectTwiml } from '@phonevoice/carriers'
import { acceptInboundCall } from '@phonevoice/services/calls'
import { findBoundNumber } from '@phonevoice/services/phone-numbers'
import type { AddRoute } from '../../describe.ts'
import { connectCall } from './connect-call.ts'
import { twiml } from './twiml-response.ts'
import { verifiedAccountRequest } from './verified-request.ts'

/** Somebody calls one of our numbers. A number that nobody answers is refused without being picked up, so nobody pays. */
export const addTwilioInbound: AddRoute = (api) => {
  api.post('/carriers/twilio/inbound', async (c) => {
    const context = c.get('context')
    const { accounts, accountSid, form } = await verifiedAccountRequest(c)
    const request = parseVoiceRequest(form)
    if (!request) return twiml(c, hangupTwiml())
    const { carrierCallId, from, to } = request
    const bound = await findBoundNumber(context, { phoneNumber: to, accountSid })
    if (!bound || !accounts.some(({ carrierAccountId }) => carrierAccountId === bound.carrierAccountId))
      return twiml(c, rejectTwiml('rejected'))
    const { call } = await acceptInboundCall(context, { ...bound, from, to, carrierCallId })
    c.get('wide').callId = call.id
    return twiml(c, await connectCall(context, { callId: call.id, carrierCallId, streamNumber: 1 }))
  })
}
