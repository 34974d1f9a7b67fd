import { parseStatusCallback, type StatusCallback } from '@phonevoice/carriers'
import { findCallByCarrierId, recordCarrierStatus } from '@phonevoice/services/calls'
import type { Context } from 'hono'
import type { ApiEnv } from '../../../dependencies.ts'
import type { AddRoute } from '../../describe.ts'
import { verifiedAccountRequest, verifiedCallRequest } from './verified-request.ts'

/** The carrier tells how a call is getting on. Calls that we place name themselves in the URL; a number's own callback knows only the carrier's id. */
export const addTwilioStatus: AddRoute = (api) => {
  api.post('/carriers/twilio/status', async (c) => {
    const reported = c.req.query('call') === undefined ? await ofNumber(c) : await ofCall(c)
    if (!reported) return c.body(null, 204)
    const { callId, callback } = reported
    const context = c.get('context')
    const { isNews, hangUp } = await recordCarrierStatus(context, {
      callId,
      carrierCallId: callback.carrierCallId,
      status: callback.status,
      carrierCode: callback.sipCode,
      atMs: happenedAt(callback.occurredAtMs, context.clock.now()),
      durationSeconds: callback.durationSeconds,
    })
    Object.assign(c.get('wide'), { carrierStatus: callback.status, isNews, isStray: hangUp !== null })
    return c.body(null, 204)
  })
}

interface Reported {
  callId: string
  callback: StatusCallback
}

async function ofCall(c: Context<ApiEnv>): Promise<Reported | null> {
  const { call, form } = await verifiedCallRequest(c)
  const callback = parseStatusCallback(form)
  return callback && { callId: call.id, callback }
}

/** Null also for a call that was refused before it became one of ours. */
async function ofNumber(c: Context<ApiEnv>): Promise<Reported | null> {
  const { accounts, form } = await verifiedAccountRequest(c)
  const callback = parseStatusCallback(form)
  if (!callback) return null
  const call = await findCallByCarrierId(c.get('context'), { carrierCallId: callback.carrierCallId })
  const isTheirs = accounts.some(({ carrierAccountId }) => carrierAccountId === call?.carrierAccountId)
  return call && isTheirs ? { callId: call.id, callback } : null
}

/** The carrier's time has whole seconds and another clock: for what has just happened ours is the better one. */
const JUST_NOW_MS = 5000

function happenedAt(reportedMs: number | null, nowMs: number): number {
  return reportedMs === null || nowMs - reportedMs < JUST_NOW_MS ? nowMs : reportedMs
}
