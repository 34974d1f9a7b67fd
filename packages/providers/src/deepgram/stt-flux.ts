/**
 * Deepgram Flux (`/v2/listen`): a recogniser that also judges whether the caller has finished, from the sound and the words. It must hear the silence for
 * that, and nothing is documented that would keep a silent session alive: it wants all of the caller's audio.
 */
import { systemClock } from '@phonevoice/base'
import type { SttProvider } from '../contract/index.ts'
import { openSttStream } from '../streaming/stt-stream.ts'
import { openFluxSession } from './flux-session.ts'
import type { DeepgramFluxSttOptions } from './options.ts'
import { authorization, fluxUrl } from './wire.ts'

export function createDeepgramFluxStt(options: DeepgramFluxSttOptions): SttProvider {
  const clock = options.clock ?? systemClock
  const { eagerEndOfTurnThreshold = 0.4, endOfTurnThreshold } = options
  return {
    provider: options.provider ?? 'deepgram-flux',
    model: options.model,
    capabilities: { partials: true, clientCommits: false, turnSignals: true, needsContinuousAudio: true },
    open: ({ language, keywords, onPart }) =>
      openSttStream({
        clock,
        onPart,
        finalTimeoutMs: options.finalTimeoutMs ?? 5_000,
        commitMsMin: 0,
        sessionMsMax: Number.POSITIVE_INFINITY,
        connect: (events) =>
          openFluxSession({
            url: fluxUrl(options.baseUrl, {
              model: options.model,
              language,
              keywords,
              endOfTurnThreshold,
              eagerEndOfTurnThreshold,
            }),
            headers: { ...authorization(options.apiKey), ...options.headers },
            clock,
            connectTimeoutMs: options.connectTimeoutMs ?? 3_000,
            pingIntervalMs: options.pingIntervalMs ?? 10_000,
            settleMs: options.settleMs ?? 400,
            events,
          }),
      }),
  }
}
