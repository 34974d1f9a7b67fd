import { setTimeout as wait } from 'node:timers/promises'
import type { Child } from '../harness/child.ts'
import type { WriteJob } from './writer.ts'

/** Names of utterances with their moments. */
export type Moments = [string, number][]

const ARRIVAL_DEADLINE_MS = 60_000

/** Writes utterances, waits until as many have arrived, and tells how long each took from its commit to its receiver, milliseconds. */
export async function measureWrites({
  receiver,
  writer,
  job,
}: {
  receiver: Child
  writer: Child
  job: WriteJob
}): Promise<{ begun: Moments; delays: number[] }> {
  await receiver.ask('take')
  const begun = await writer.ask<Moments>('write', job)
  await allArrived(receiver, begun.length)
  const { arrivals } = await receiver.ask<{ arrivals: Moments }>('take')
  return { begun, delays: delaysOf(begun, arrivals) }
}

/** Until so many have arrived since the last `take`, or a minute has passed. */
export async function allArrived(receiver: Child, count: number): Promise<void> {
  const deadline = performance.now() + ARRIVAL_DEADLINE_MS
  while ((await receiver.ask<number>('count')) < count && performance.now() < deadline) await wait(50)
}

export function delaysOf(begun: Moments, arrivals: Moments): number[] {
  const arrivedAt = new Map(arrivals)
  return begun.flatMap(([key, at]) => {
    const arrival = arrivedAt.get(key)
    // A webhook may be quicker than the news of its commit.
    return arrival === undefined ? [] : [Math.max(0, arrival - at)]
  })
}
