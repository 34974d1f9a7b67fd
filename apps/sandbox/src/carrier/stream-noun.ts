import { type CallContext, NOTED_MAX } from './call-context.ts'
import { phoneNumberOf } from './call-record.ts'
import { MediaStream } from './media-stream.ts'
import { newSid } from './sid.ts'
import type { Param } from './signature.ts'
import type { StreamNoun } from './twiml/parse.ts'

interface Problem {
  code: number
  message: string
}

/** `<Connect><Stream>`: resolves when the stream is over, however it went; its status callback tells how. */
export async function runStreamNoun(
  context: CallContext,
  noun: StreamNoun,
  signal: AbortSignal,
): Promise<void> {
  const { record, services } = context
  const ids = { streamSid: newSid('MZ'), accountSid: record.accountSid, callSid: record.sid }
  const tell = (event: string, error?: string) => reportStream(context, noun, ids.streamSid, event, error)
  const fail = ({ code, message }: Problem) => {
    context.warn(code, message)
    tell('stream-error', message)
  }

  const fault = services.faults.take('stream', phoneNumberOf(record))
  const problem =
    fault?.kind === 'refuse' ? { code: 31902, message: 'Stream - Connection - Refused' } : findProblem(noun)
  if (problem) return fail(problem)

  const stream = new MediaStream({
    ids,
    stream: noun,
    line: context.line(),
    authToken: context.authToken,
    timers: services.timers,
    timestamps: services.streamTimestamps,
    fault,
    onStarted: () => tell('stream-started'),
  })
  if (context.streams.length < NOTED_MAX) context.streams.push(stream)
  const stop = () => stream.stop()
  signal.addEventListener('abort', stop, { once: true })
  const end = await stream.ended
  signal.removeEventListener('abort', stop)
  if (end.kind === 'error') fail(end)
  else tell('stream-stopped')
}

function reportStream(
  context: CallContext,
  noun: StreamNoun,
  streamSid: string,
  event: string,
  error?: string,
): void {
  if (noun.statusCallback === null) return
  const { record, services } = context
  const params: Param[] = [
    ['AccountSid', record.accountSid],
    ['CallSid', record.sid],
    ['StreamSid', streamSid],
    ['StreamName', noun.name ?? streamSid],
    ['StreamEvent', event],
    ['Timestamp', new Date(services.timers.now()).toISOString()],
  ]
  if (error !== undefined) params.push(['StreamError', error])
  context.sendCallback({ url: noun.statusCallback, method: noun.statusCallbackMethod }, params)
}

function findProblem(noun: StreamNoun): Problem | null {
  if (noun.track !== null && noun.track !== 'inbound_track') {
    return {
      code: 31941,
      message: 'Stream - Invalid Track: a bidirectional stream has the inbound track only',
    }
  }
  if (!URL.canParse(noun.url)) return { code: 31923, message: 'Stream - Malformed URL' }
  // The vendor takes wss only; ws is for machines that talk to themselves.
  if (!/^wss?:$/.test(new URL(noun.url).protocol)) {
    return { code: 31922, message: 'Stream - Unsupported scheme' }
  }
  return null
}
