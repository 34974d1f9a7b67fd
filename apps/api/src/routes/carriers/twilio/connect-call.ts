import { AppError } from '@phonevoice/base'
import { askAgainTwiml, connectStreamTwiml, hangupTwiml, sayTwiml } from '@phonevoice/carriers'
import { answerCall, setEndingReason } from '@phonevoice/services/calls'
import type { ServiceContext } from '@phonevoice/services/context'
import { mintStream } from '@phonevoice/services/streams'

/** A stream that fails again and again would otherwise be connected again and again. */
const STREAMS_MAX = 10
/** From this stream on the caller waits a second before each: two failures may be one dead process, more of them need time to heal. */
const PAUSE_FROM_STREAM = 3

const APOLOGY = 'Sorry, we cannot continue this call right now. Please try again later. Goodbye.'

/**
 * The carrier's instructions for a call that is up: a stream to a media process, or to hang up when the call is ending or not the one we want.
 * While there is no media process the carrier asks again every second, as one may just be starting; after that the caller hears an apology and the
 * call ends as `media_lost`. `streamNumber` counts the tries of the call from 1; a request that is repeated after its stream was opened gets no
 * token, only the address to ask again, for which the carrier must sign anew.
 */
export async function connectCall(
  context: ServiceContext,
  input: { callId: string; carrierCallId: string; streamNumber: number },
): Promise<string> {
  const { callId, carrierCallId, streamNumber } = input
  const { next } = await answerCall(context, { callId, carrierCallId })
  if (next === 'hang-up') return hangupTwiml()
  if (streamNumber > STREAMS_MAX) {
    await setEndingReason(context, { callId, reason: 'media_lost' })
    context.log.error('no media process for a call', { callId, streamNumber })
    return sayTwiml(APOLOGY, 'en-US')
  }
  const hooks = `${context.settings.apiOrigin}/carriers/twilio`
  const resumeUrl = `${hooks}/resume?call=${callId}&stream=${streamNumber + 1}`
  const stream = await mintStream(context, { callId, streamNumber }).catch(nullWhenNoNode)
  if (!stream) return askAgainTwiml(resumeUrl, 1)
  return connectStreamTwiml({
    url: stream.url,
    token: stream.token,
    actionUrl: resumeUrl,
    statusCallbackUrl: `${hooks}/stream?call=${callId}`,
    pauseSeconds: streamNumber >= PAUSE_FROM_STREAM ? 1 : 0,
  })
}

function nullWhenNoNode(error: unknown): null {
  if (error instanceof AppError && error.code === 'not_ready') return null
  throw error
}
