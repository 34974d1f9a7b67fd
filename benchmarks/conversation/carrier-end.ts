/** The far end of every call, in one process of its own: the carrier with its callers, and the stand-in vendors. */
import { serveJobs } from '../harness/serve-jobs.ts'
import { Caller } from './caller.ts'
import { FRAME_MS } from './frames.ts'
import type { Ticket } from './line.ts'
import { type Figures, newFigures, play, type SceneName } from './scenes.ts'
import { nameOf } from './script.ts'
import { type ChatMessage, startStandIns } from './stand-ins.ts'

/** Callers are due all over the 20 ms, a slot of them at a time; one timer for all. */
const SLOT_MS = 2
const slots: Caller[][] = Array.from({ length: FRAME_MS / SLOT_MS }, () => [])
/** By name, for the requests to the model. */
const requests = new Map<string, readonly ChatMessage[]>()
const callers: Caller[] = []
let callersSoFar = 0
let figures = newFigures()

const standIns = await startStandIns((messages) => {
  const name = /for (\w+)\.$/.exec(messages.findLast(({ role }) => role === 'user')?.content ?? '')?.[1]
  if (name) requests.set(name, messages)
})

let nextAt = performance.now()
let slot = 0
setInterval(() => {
  for (const now = performance.now(); nextAt <= now; nextAt += SLOT_MS) {
    for (const caller of slots[slot] ?? []) caller.tick(performance.now())
    slot = (slot + 1) % slots.length
  }
}, SLOT_MS)

serveJobs({
  standInsUrl: () => standIns.url,
  tellGuesses: ({ isOn }: { isOn: boolean }) => standIns.tellGuesses(isOn),
  /** Connects callers one after another over `rampMs`; they begin their scene over `spreadMs`. */
  async connect(input: { tickets: Ticket[]; scene: SceneName; rampMs: number; spreadMs: number }) {
    const { tickets, scene, rampMs, spreadMs } = input
    const joining = tickets.map(async (ticket, index) => {
      const caller = new Caller(
        callersSoFar++ & 4095,
        figures,
        scene === 'interruption' || scene === 'murmur',
      )
      await wait((index * rampMs) / tickets.length)
      await caller.connect(ticket)
      callers.push(caller)
      slotOf(caller).push(caller)
      const beginAt = performance.now() + 300 + (index * spreadMs) / tickets.length
      void caller
        .until(beginAt)
        .then(() => play(scene, caller, figures, () => requests.get(nameOf(caller.number)) ?? null))
    })
    await Promise.all(joining)
  },
  /** Counts for a while, from nothing. */
  async measure({ ms }: { ms: number }): Promise<Figures> {
    Object.assign(figures, newFigures())
    await wait(ms)
    return structuredClone(figures)
  },
  /** The `count` oldest callers hang up; all without a count. */
  leave({ count = callers.length }: { count?: number }) {
    const leaving = callers.splice(0, count)
    for (const caller of leaving) {
      caller.leave()
      slotOf(caller).splice(slotOf(caller).indexOf(caller), 1)
    }
    if (callers.length > 0) return
    figures = newFigures()
    requests.clear()
  },
})

function slotOf(caller: Caller): Caller[] {
  return slots[caller.number % slots.length] as Caller[]
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
