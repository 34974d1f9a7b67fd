import { ApiError } from '../api-error.ts'
import { requireKey, toFaultError } from '../http.ts'
import { serveTranscription } from '../transcription/socket.ts'
import { serveVoice } from '../voice/socket.ts'
import type { SocketEndpoint } from './upgrade.ts'

/** OpenAI's Realtime API: with `?intent=transcription` a recogniser, with `?model=…` a model that speaks. */
export const realtimeEndpoint: SocketEndpoint = {
  path: '/v1/realtime',
  accept(request, url, context) {
    requireKey(request.headers.authorization)
    if (request.headers['openai-beta']) {
      throw new ApiError(
        400,
        'The beta shapes of the Realtime API are not served; leave the OpenAI-Beta header out.',
      )
    }
    const intent = url.searchParams.get('intent')
    const model = url.searchParams.get('model')
    if (intent !== 'transcription' && !model) {
      throw new ApiError(400, 'Connect with ?model=… or with ?intent=transcription.')
    }
    const target = intent === 'transcription' ? 'transcription' : 'speech'
    const fault = context.faults.take(target, { kinds: ['status'], text: '' })
    if (fault) throw toFaultError(fault)
    return (socket) =>
      intent === 'transcription'
        ? serveTranscription(socket, request, context)
        : serveVoice(socket, request, model ?? '', context)
  },
}
