/**
 * Whether anything of a call outlives it: a media process under half of its load for as long as one likes, calls ending and others taking their place. What it
 * holds after the last call has ended is compared with what it held after a first batch of calls had warmed it up. Fails when something has grown with the calls.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { createAnsweredCalls } from './conversation/answered-calls.ts'
import { createAssistants } from './conversation/rounds.ts'
import { cpuPercent, MEGABYTE } from './harness/figures.ts'
import { openProduct } from './harness/product.ts'
import type { Cell } from './harness/report.ts'
import { runBenchmark } from './harness/run.ts'
import { type Census, growth, holdings, takeCensus } from './soak/census.ts'

const WARM_UP_MS = 20_000
const SAMPLES = 15
/** Calls leave and come in small groups. */
const REPLACE_EVERY_MS = 1000

await runBenchmark(
  {
    name: 'soak',
    minutesMax: 75,
    settings: {
      minutes: {
        default: 15,
        max: 60,
        sentence: 'How long the load is held; a warm-up and quiet come before it, quiet again after it.',
      },
      calls: { default: 150, max: 500, sentence: 'Calls at once.' },
      seconds: { default: 60, max: 600, sentence: 'How long a call lasts.' },
      quiet: {
        default: 95,
        max: 300,
        sentence: 'Seconds without calls before each count; connections to vendors are kept idle for 90.',
      },
    },
  },
  async (run) => {
    const { settings, say } = run
    const product = await openProduct(run)
    const far = await product.startProcess(
      'carrier-end',
      new URL('./conversation/carrier-end.ts', import.meta.url),
    )
    const standInsUrl = await far.ask<string>('standInsUrl')
    const assistantId = (await createAssistants(product))(true)
    await far.ask('tellGuesses', { isOn: true })
    const media = await product.startApp('media', { SANDBOX_PROVIDERS_URL: standInsUrl }, ['--expose-gc'])
    let begun = 0

    const begin = async (count: number, rampMs: number): Promise<void> => {
      const tickets = await createAnsweredCalls(product, assistantId, count)
      begun += count
      // Half of them interrupt, so that what is cut off is part of it.
      const half = Math.ceil(count / 2)
      const connect = { rampMs, spreadMs: rampMs }
      await Promise.all([
        far.ask('connect', { ...connect, scene: 'turns', tickets: tickets.slice(0, half) }),
        far.ask('connect', { ...connect, scene: 'interruption', tickets: tickets.slice(half) }),
      ])
    }
    const end = (count?: number) => far.ask('leave', count === undefined ? {} : { count })

    say(`warming up with ${settings.calls} calls`)
    await begin(settings.calls, 5000)
    await wait(WARM_UP_MS)
    await end()
    say(`${settings.quiet} s of quiet`)
    await wait(settings.quiet * 1000)
    const baseline = await takeCensus(product, media)
    const warmUpCalls = begun

    await begin(settings.calls, 5000)
    const samples: { atMs: number; census: Census; cpu: number }[] = []
    const startedAt = performance.now()
    const totalMs = settings.minutes * 60_000
    let before = await media.usage()
    let owed = 0
    while (performance.now() - startedAt < totalMs) {
      await wait(REPLACE_EVERY_MS)
      owed += (settings.calls * REPLACE_EVERY_MS) / (settings.seconds * 1000)
      const count = Math.floor(owed)
      owed -= count
      if (count > 0) {
        await end(count)
        await begin(count, 500)
      }
      const atMs = performance.now() - startedAt
      if (atMs < ((samples.length + 1) * totalMs) / SAMPLES) continue
      const after = await media.usage()
      samples.push({ atMs, census: await takeCensus(product, media), cpu: cpuPercent(before, after) })
      before = await media.usage()
      say(`${Math.round(atMs / 1000)} s, ${begun - warmUpCalls} calls so far`)
    }
    await end()
    say(`${settings.quiet} s of quiet`)
    await wait(settings.quiet * 1000)
    const after = await takeCensus(product, media)
    const grown = growth(baseline, after, begun - warmUpCalls)
    if (grown.length > 0) process.exitCode = 1

    const row = (
      what: string,
      { rssBytes, heapBytes, externalBytes, ...held }: Census,
      cpu: number | null,
    ): Cell[] => [
      what,
      rssBytes / MEGABYTE,
      heapBytes / MEGABYTE,
      externalBytes / MEGABYTE,
      held.sockets,
      held.timers,
      held.others,
      held.databaseConnections,
      held.sessions,
      cpu,
    ]
    return {
      tables: [
        {
          title: `What the media process holds, ${settings.calls} calls at once, ${begun - warmUpCalls} in all`,
          columns: [
            { key: 'when', label: '' },
            { key: 'rss_mb', label: 'MB' },
            { key: 'heap_mb', label: 'heap MB', digits: 1 },
            { key: 'external_mb', label: 'external MB', digits: 1 },
            { key: 'sockets' },
            { key: 'timers' },
            { key: 'others' },
            { key: 'database_connections', label: 'database' },
            { key: 'calls' },
            { key: 'cpu_percent', label: 'cpu %', digits: 1 },
          ],
          rows: [
            row('after the warm-up', baseline, null),
            ...samples.map(({ atMs, census, cpu }) => row(`at ${Math.round(atMs / 1000)} s`, census, cpu)),
            row('after the last call', after, null),
          ],
        },
      ],
      notes: [
        grown.length === 0
          ? 'verdict: nothing of a call outlives it'
          : `verdict: FAILED, ${grown.join('; ')}`,
        `others: ${holdings(after)}`,
        'memory after a forced collection; sockets, timers and others as the process’s event loop counts them',
      ],
    }
  },
)
