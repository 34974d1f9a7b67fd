/** What a media process holds at a moment, and whether it has grown. */
import type { Child } from '../harness/child.ts'
import type { Product } from '../harness/product.ts'

export interface Census {
  rssBytes: number
  heapBytes: number
  externalBytes: number
  sockets: number
  timers: number
  /** Neither sockets nor timers. */
  others: number
  databaseConnections: number
  /** Calls the process says it has. */
  sessions: number
  /** What keeps the event loop alive, counted by its kind. */
  resources: Readonly<Record<string, number>>
}

/** A call's structures take hundreds of kilobytes. This much a call is within what a collector leaves for later. */
const BYTES_PER_CALL_MAX = 1000
const HEAP_BYTES_SLACK = 3_000_000
/** Phrases that were spoken are kept up to 32 MB (`phrase-cache.ts`), however many calls there are. */
const EXTERNAL_BYTES_SLACK = 34_000_000
/** Timers and sockets of the process itself come and go by a few: a heartbeat, a pool. */
const RESOURCES_SLACK = 4

export async function takeCensus(product: Product, media: Child): Promise<Census> {
  const { resources, ...memory } = await media.holdings()
  const [row] = await product.ctx.db.sql<{ connections: number; calls: number }[]>`
    select (select count(*)::int from pg_stat_activity where application_name = 'phonevoice-media') as connections,
      (select coalesce(sum(active_calls), 0)::int from media_nodes) as calls`
  const sum = (wanted: (kind: string) => boolean) =>
    Object.entries(resources).reduce((total, [kind, count]) => total + (wanted(kind) ? count : 0), 0)
  const isSocket = (kind: string) => /TCP|TLS|Pipe/i.test(kind)
  const isTimer = (kind: string) => /Timeout|Immediate/.test(kind)
  return {
    ...memory,
    sockets: sum(isSocket),
    timers: sum(isTimer),
    others: sum((kind) => !isSocket(kind) && !isTimer(kind)),
    databaseConnections: row?.connections ?? 0,
    sessions: row?.calls ?? 0,
    resources,
  }
}

/** What there is more of than `calls` calls explain. */
export function growth(before: Census, after: Census, calls: number): string[] {
  const grown: string[] = []
  for (const key of ['sockets', 'timers', 'others', 'databaseConnections'] as const) {
    if (after[key] > before[key] + RESOURCES_SLACK) grown.push(`${key} ${before[key]} → ${after[key]}`)
  }
  if (after.sessions > 0) grown.push(`${after.sessions} calls are still counted`)
  for (const [key, slack] of [
    ['heapBytes', HEAP_BYTES_SLACK],
    ['externalBytes', EXTERNAL_BYTES_SLACK],
  ] as const) {
    const bytes = after[key] - before[key]
    if (bytes > slack + calls * BYTES_PER_CALL_MAX)
      grown.push(`${key} grew by ${Math.round(bytes / Math.max(1, calls))} a call`)
  }
  return grown
}

export function holdings({ resources }: Census): string {
  return Object.entries(resources)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ')
}
