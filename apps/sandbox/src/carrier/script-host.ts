import { encodeMulaw, MULAW_SILENCE } from '@phonevoice/audio'
import type { Timers } from '@phonevoice/base'
import { keyTone, speak, toTelephonePcm } from '../phones/sounds.ts'
import type { CallContext } from './call-context.ts'
import { toVoiceParams } from './call-record.ts'
import type { Line } from './line.ts'
import type { Param } from './signature.ts'
import { runStreamNoun } from './stream-noun.ts'
import type { ScriptHost } from './twiml/run.ts'
import { WebhookError } from './webhook-client.ts'

/** Joins a running document to its call. `extra` parameters go with the first request only. */
export function createScriptHost(context: CallContext, extra: readonly Param[]): ScriptHost {
  const { record, services } = context
  let once = extra
  return {
    get isAnswered() {
      return record.status === 'in-progress'
    },
    async fetch(url, method, signal) {
      const params = [...toVoiceParams(record, record.status), ...once]
      once = []
      const { authToken, cookies } = context
      const answer = await services.webhooks.send({ url, method, params, authToken, cookies, signal })
      if (answer.status < 200 || answer.status >= 300) {
        throw new WebhookError(11200, `Got HTTP ${answer.status} response to ${url}`)
      }
      return answer
    },
    answer: () => context.answer(),
    say: (text, voice, signal) =>
      playOut(context, speak(text, voice === null ? {} : { voice }).mulaw, signal),
    playAudio: (audio, signal) => playOut(context, encodeMulaw(toTelephonePcm(audio)), signal),
    playDigits(digits, signal) {
      playDigits(context.line(), digits)
      return playOut(context, new Uint8Array(0), signal)
    },
    wait: (ms, signal) => wait(services.timers, ms, signal),
    stream: (stream, signal) => runStreamNoun(context, stream, signal),
    reject: (reason) => context.reject(reason),
    warn: (code, message) => context.warn(code, message),
  }
}

/** Queues key tones; `w` and `W` are pauses of half a second and a second. */
export function playDigits(line: Line, digits: string): void {
  for (const digit of digits) {
    if (digit === 'w' || digit === 'W') {
      line.playout.enqueue(new Uint8Array(digit === 'w' ? 4000 : 8000).fill(MULAW_SILENCE))
    } else if (/[0-9*#]/.test(digit)) line.playout.enqueue(keyTone(digit, 200).mulaw)
  }
}

/** Resolves when the phone has heard it. */
function playOut(context: CallContext, mulaw: Uint8Array, signal: AbortSignal): Promise<void> {
  const { playout } = context.line()
  if (!playout.enqueue(mulaw)) context.warn(11750, 'The audio is longer than ten minutes')
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    playout.mark(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    })
  })
}

function wait(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = timers.after(ms, () => {
      signal.removeEventListener('abort', stop)
      resolve()
    })
    const stop = () => {
      timer.cancel()
      reject(signal.reason)
    }
    signal.addEventListener('abort', stop, { once: true })
  })
}
