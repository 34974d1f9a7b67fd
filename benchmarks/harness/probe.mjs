// Loaded into every process a benchmark starts, before its own code: answers its parent's question what it has used so far.
import { monitorEventLoopDelay } from 'node:perf_hooks'

const lag = monitorEventLoopDelay({ resolution: 10 })
lag.enable()

const toMs = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - 10)

process.on('message', (message) => {
  if (message?.type === 'holdings') void answerHoldings(message.id)
  if (message?.type !== 'usage') return
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed, external } = process.memoryUsage()
  process.send?.({
    type: 'answer',
    id: message.id,
    result: {
      atMs: performance.now(),
      cpuMs: (user + system) / 1000,
      rssBytes: rss,
      heapBytes: heapUsed,
      externalBytes: external,
      lag: { p50Ms: toMs(lag.percentile(50)), p99Ms: toMs(lag.percentile(99)), maxMs: toMs(lag.max) },
    },
  })
  lag.reset()
})

async function answerHoldings(id) {
  // What the first collection finalizes, the second one frees.
  for (let round = 0; round < 2; round++) {
    globalThis.gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  const resources = {}
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1
  const result = { rssBytes: rss, heapBytes: heapUsed, externalBytes: external, resources }
  process.send?.({ type: 'answer', id, result })
}
process.channel?.unref()
