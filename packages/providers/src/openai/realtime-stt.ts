/**
 * Speech recognition over OpenAI's realtime transcription sessions: μ-law in as it comes from the carrier, partials while someone speaks, one final per
 * commit, in whatever order the vendor finishes them (developers.openai.com, "Realtime transcription"). `streaming/stt-stream.ts` says what a stream
 * outlives; the vendor ends sessions for their age.
 */

import { systemClock } from '@phonevoice/base'
import type { SttProvider } from '../contract/index.ts'
import { openSttStream } from '../streaming/stt-stream.ts'
import type { OpenAiRealtimeSttOptions } from './options.ts'
import { openRealtimeSession } from './realtime-session.ts'
import { realtimeUrl } from './realtime-wire.ts'

/** The vendor refuses to commit less than about 100 ms. */
const COMMIT_MS_MIN = 100
const SESSION_MS_MAX = 55 * 60_000

export function createOpenAiRealtimeStt(options: OpenAiRealtimeSttOptions): SttProvider {
  const url = realtimeUrl(options.baseUrl)
  const clock = options.clock ?? systemClock
  return {
    provider: options.provider ?? 'openai',
    model: options.model,
    capabilities: { partials: true, clientCommits: true },
    open: ({ language, keywords, onPart }) =>
      openSttStream({
        clock,
        onPart,
        finalTimeoutMs: options.finalTimeoutMs ?? 5_000,
        commitMsMin: COMMIT_MS_MIN,
        sessionMsMax: options.sessionMsMax ?? SESSION_MS_MAX,
        connect: (events) =>
          openRealtimeSession({
            url,
            headers: {
              ...(options.apiKey === null ? {} : { authorization: `Bearer ${options.apiKey}` }),
              ...options.headers,
            },
            settings: { model: options.model, language: language.split('-')[0] || null, keywords },
            clock,
            connectTimeoutMs: options.connectTimeoutMs ?? 3_000,
            pingIntervalMs: options.pingIntervalMs ?? 10_000,
            events,
          }),
      }),
  }
}
