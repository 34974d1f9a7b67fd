/**
 * Deepgram's streaming recognition (`/v1/listen`, the Nova models): μ-law as it comes from the carrier, guesses while someone speaks, one final per commit.
 * Deepgram bills the audio it is sent, so it gets speech only, and is kept alive in between. A recogniser that hears no silence cannot judge when a turn is
 * over; its own opinion on that (`speech_final`, `UtteranceEnd`) is not asked for.
 */
import { systemClock } from '@phonevoice/base'
import type { SttProvider } from '../contract/index.ts'
import { openSttStream } from '../streaming/stt-stream.ts'
import { openListenSession } from './listen-session.ts'
import type { DeepgramListenSttOptions } from './options.ts'
import { authorization, listenUrl } from './wire.ts'

export function createDeepgramListenStt(options: DeepgramListenSttOptions): SttProvider {
  const clock = options.clock ?? systemClock
  return {
    provider: options.provider ?? 'deepgram',
    model: options.model,
    capabilities: { partials: true, clientCommits: true },
    open: ({ language, keywords, onPart }) =>
      openSttStream({
        clock,
        onPart,
        finalTimeoutMs: options.finalTimeoutMs ?? 5_000,
        commitMsMin: 0,
        sessionMsMax: Number.POSITIVE_INFINITY,
        connect: (events) =>
          openListenSession({
            url: listenUrl(options.baseUrl, { model: options.model, language, keywords }),
            headers: { ...authorization(options.apiKey), ...options.headers },
            clock,
            connectTimeoutMs: options.connectTimeoutMs ?? 3_000,
            pingIntervalMs: options.pingIntervalMs ?? 10_000,
            keepAliveMs: options.keepAliveMs ?? 4_000,
            events,
          }),
      }),
  }
}
