/** The floor: signed POSTs of a webhook's size, with the same HTTP client and as many connections as the worker keeps to one receiver. No database. */
import { createWebhookSecret, SIGNATURE_HEADER, signWebhook } from '@phonevoice/signing'
import { Agent } from 'undici'
import { serveJobs } from '../harness/serve-jobs.ts'
import { utteranceKey, wallClockMs } from './keys.ts'
import { runAtRate } from './timed.ts'

const secret = createWebhookSecret()

export interface PostJob {
  url: string
  count: number
  /** 0: as fast as they go. */
  perSecond: number
  connections: number
}

serveJobs({
  /** Answers with the moment each was begun. */
  async post({ url, count, perSecond, connections }: PostJob): Promise<[string, number][]> {
    const agent = new Agent({ connections })
    const { origin, pathname } = new URL(url)
    const begun: [string, number][] = []
    await runAtRate({ count, perSecond, concurrency: connections }, async (turn) => {
      const callId = 'call_01jd3v9x6k8m2n4p6q8r0s2t4v'
      const timestamp = Math.floor(Date.now() / 1000)
      const data = {
        turn,
        role: 'user',
        text: 'I would like to come in on Tuesday, if you have anything in the morning.',
        text_planned: null,
        interrupted: false,
        start_ms: 1000,
        end_ms: 1900,
      }
      const id = 'evt_01jd3v9x6k8m2n4p6q8r0s2t4v'
      begun.push([utteranceKey(callId, turn), wallClockMs()])
      const body = JSON.stringify({
        event: 'transcription',
        call_id: callId,
        timestamp,
        data,
        id,
        sequence: turn,
      })
      const answer = await agent.request({
        origin,
        path: pathname,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          [SIGNATURE_HEADER]: signWebhook({ secret, body, timestampSeconds: timestamp }),
        },
        body,
      })
      await answer.body.dump()
    })
    await agent.close()
    return begun
  },
})
