/** The part of media and api: writes utterances of live calls, each with its event and delivery, and wakes the worker as they do. */
import { silentLog, systemClock } from '@phonevoice/base'
import { openDatabase } from '@phonevoice/db'
import { createBus, createWakeQueue } from '@phonevoice/queue'
import { recordUtterance } from '@phonevoice/services/calls'
import type { BusMessage, ServiceContext, WakeUp } from '@phonevoice/services/context'
import { createSecretBox, masterKey } from '@phonevoice/services/secrets'
import { serveJobs } from '../harness/serve-jobs.ts'
import { utteranceKey, wallClockMs } from './keys.ts'
import { runAtRate } from './timed.ts'

const url = process.env.DATABASE_URL ?? ''
const connection = { redisUrl: null, postgresUrl: url, log: silentLog }
const queue = createWakeQueue<WakeUp>(connection)
const bus = createBus<BusMessage>(connection)
const db = openDatabase({ url, applicationName: 'benchmark-writer' })
const ctx: ServiceContext = {
  db,
  clock: systemClock,
  log: silentLog,
  secrets: createSecretBox({ db, masterKeys: [masterKey(new Uint8Array(32))] }),
  wake: (wakeUp) => queue.wake(wakeUp),
  publish: (message) => bus.publish(message),
  settings: { apiOrigin: 'http://127.0.0.1', sandbox: null },
}

export interface WriteJob {
  callIds: string[]
  count: number
  /** 0: as fast as they go. */
  perSecond: number
  /** Statements under way at once. */
  concurrency: number
  /** Utterances of a call are numbered from here on. */
  firstTurn: number
}

serveJobs({
  /** Answers with the moment each commit was confirmed. */
  async write({ callIds, count, perSecond, concurrency, firstTurn }: WriteJob): Promise<[string, number][]> {
    const commits: [string, number][] = []
    await runAtRate({ count, perSecond, concurrency }, async (index) => {
      const callId = callIds[index % callIds.length] as string
      const turn = firstTurn + Math.floor(index / callIds.length)
      await recordUtterance(ctx, {
        callId,
        utterance: {
          turn,
          role: turn % 2 === 0 ? 'assistant' : 'user',
          text: 'I would like to come in on Tuesday, if you have anything in the morning.',
          text_planned: null,
          interrupted: false,
          start_ms: turn * 1000,
          end_ms: turn * 1000 + 900,
        },
      })
      commits.push([utteranceKey(callId, turn), wallClockMs()])
    })
    return commits
  },
})
