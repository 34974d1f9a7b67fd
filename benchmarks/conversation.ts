/**
 * Whether the conversation can be faulted, and what it costs: real media process, real database, voice activity and recording on, vendors that answer after
 * fixed delays, callers that hear what the carrier plays. How soon it answers, with and without early thinking; how soon it falls silent when interrupted and
 * what it then believes to have said; what "uh huh" and noise cost the answer. Beside it the floors of the same run: the vendors' delays alone, bare sockets.
 */

import { measureSerialTurns, measureSockets } from './conversation/floors.ts'
import { LAST_GUESS_BEFORE_END_MS } from './conversation/frames.ts'
import { createAssistants, type Held, holdCalls, type Round } from './conversation/rounds.ts'
import { DELAYS, WORDS_PER_SENTENCE } from './conversation/script.ts'
import {
  costTable,
  furtherCalls,
  interruptionTables,
  murmurTable,
  numberTable,
  speedTable,
} from './conversation/tables.ts'
import { openProduct } from './harness/product.ts'
import type { Table } from './harness/report.ts'
import { runBenchmark } from './harness/run.ts'

/** About one exchange. */
const TURN_MS = 8000
const STORY_TURN_MS = 14_000

await runBenchmark(
  {
    name: 'conversation',
    settings: {
      parts: {
        choices: ['speed', 'early', 'number', 'interruption', 'murmur', 'cost'],
        sentence:
          'What is measured; cost comes from the rounds of speed, and with the floors of bare sockets.',
      },
      few: { default: 1, max: 500, sentence: 'Calls at once in the first round of speed; 0 leaves it out.' },
      many: {
        default: 100,
        max: 500,
        sentence: 'In the second round, and of early thinking; 0 leaves it out.',
      },
      most: { default: 300, max: 500, sentence: 'In the third round; 0 leaves it out.' },
      polite: { default: 60, max: 500, sentence: 'Calls at once that dictate, interrupt or murmur.' },
      seconds: {
        default: 30,
        max: 120,
        sentence: 'How long each round is measured; three times as long with fewer than ten calls.',
      },
    },
  },
  async (run) => {
    const { settings, say } = run
    const ms = settings.seconds * 1000
    const wants = (part: string) => settings.parts.includes(part)
    const product = await openProduct(run)
    const far = await product.startProcess(
      'carrier-end',
      new URL('./conversation/carrier-end.ts', import.meta.url),
    )
    const standInsUrl = await far.ask<string>('standInsUrl')
    const assistantFor = await createAssistants(product)
    const hold = async (round: Round): Promise<Held> => {
      say(`${round.calls} calls: ${round.scene}${round.isThinkingEarly ? ', thinking early' : ''}`)
      return await holdCalls(product, far, standInsUrl, assistantFor(round.isThinkingEarly), round)
    }
    const polite = { calls: settings.polite, isThinkingEarly: true } as const
    const tables: Table[] = []
    const notes: string[] = []

    const turns: Held[] = []
    const counts = [settings.few, settings.many, settings.most].filter((count) => count > 0)
    if (wants('speed') || wants('cost')) {
      for (const calls of counts) {
        // One call has few turns to count.
        const longer = calls < 10 ? 3 * ms : ms
        turns.push(
          await hold({ scene: 'turns', calls, ms: longer, isThinkingEarly: false, spreadMs: TURN_MS }),
        )
      }
    }
    if (wants('early') && settings.many > 0)
      turns.push(
        await hold({ scene: 'turns', calls: settings.many, ms, isThinkingEarly: true, spreadMs: TURN_MS }),
      )
    if (turns.length > 0) {
      say('a bare client on the stand-in vendors')
      tables.push(speedTable(turns, await measureSerialTurns(standInsUrl)))
    }
    if (wants('number'))
      tables.push(numberTable(await hold({ ...polite, scene: 'number', ms, spreadMs: 2000 })))
    if (wants('interruption')) {
      // Two depths, and the deeper one takes long to reach.
      const round = { ...polite, scene: 'interruption', ms: 1.5 * ms, spreadMs: STORY_TURN_MS } as const
      tables.push(...interruptionTables(await hold(round)))
    }
    if (wants('murmur'))
      tables.push(murmurTable(await hold({ ...polite, scene: 'murmur', ms, spreadMs: STORY_TURN_MS })))
    if (wants('cost')) {
      say('bare sockets')
      tables.push(costTable(turns, await measureSockets(product, far, Math.max(1, ...counts))))
      notes.push(
        'cpu % is of one core per call or socket, all threads; memory is resident, less that of the same process before its first call',
        'a call receives 50 frames a second all the time; while the assistant speaks it sends 8000 bytes a second with their marks; the echo sends each frame back',
        ...furtherCalls(turns.filter(({ isThinkingEarly }) => !isThinkingEarly)),
        'lag: 99th percentile of the event loop’s delay; gen: the process with all callers and vendors',
      )
    }
    return {
      tables,
      notes: [
        `floor: ${DELAYS.silenceMs} ms of silence, ${DELAYS.sttFinalMs} to the final text, ${DELAYS.llmFirstTokenMs} to the first token, ${WORDS_PER_SENTENCE} words at ${DELAYS.llmPerWordMs}, ${DELAYS.ttsFirstByteMs} to the first byte of the voice`,
        `thinking early, the recogniser guesses a word from its first half, the last one ${LAST_GUESS_BEFORE_END_MS} ms before the end of speech`,
        'over floor: against the bare client’s p50, and for early thinking the sum of delays from the last guess on',
        'gaps: moments within an answer when the carrier had nothing left to play, other than after it was told to clear',
        ...notes,
      ],
    }
  },
)
