/**
 * Goal: what was heard is known to within one frame, for any voice and any cut. Method: a carrier model that plays what it is sent in real time on a
 * test clock, returns marks when the audio before them has been played, and returns every outstanding mark on clear, as Twilio documents.
 */
import { createTestClock } from '@phonevoice/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ClauseAudio } from './clause-audio.ts'
import { createOutbound, type Outbound } from './outbound.ts'

type Item = { kind: 'audio'; ms: number } | { kind: 'mark'; name: string }

function createWorld(options: { markDelayMs?: number | (() => number); losesMarks?: boolean } = {}) {
  const clock = createTestClock(0)
  const events: string[] = []
  const playouts: { offsetMs: number; ms: number }[] = []
  const cuts: number[] = []
  const sentMessages: number[] = []
  let buffer: Item[] = []
  let playedMs = 0
  /** When the carrier had nothing to play, in what it has played until then. */
  const dryAtMs: number[] = []
  let outbound: Outbound
  const returnMark = (name: string): void => {
    if (options.losesMarks) return
    const { markDelayMs = 0 } = options
    const delayMs = typeof markDelayMs === 'number' ? markDelayMs : markDelayMs()
    if (delayMs > 0) clock.after(delayMs, () => outbound.markReturned(name))
    else outbound.markReturned(name)
  }
  outbound = createOutbound({
    sink: {
      sendMedia: (mulaw) => {
        sentMessages.push(mulaw.length)
        buffer.push({ kind: 'audio', ms: mulaw.length / 8 })
      },
      sendMark: (name) => buffer.push({ kind: 'mark', name }),
      sendClear: () => {
        const marks = buffer.flatMap((item) => (item.kind === 'mark' ? [item.name] : []))
        buffer = []
        for (const name of marks) returnMark(name)
      },
    },
    now: () => clock.now(),
    onClauseStarted: (responseId, clauseId) => events.push(`started ${responseId}/${clauseId}`),
    onClausePlayed: (responseId, clauseId) =>
      events.push(`played ${responseId}/${clauseId} at ${clock.now()}`),
    onPlayout: (offsetMs, mulaw) => playouts.push({ offsetMs, ms: mulaw.length / 8 }),
    onCut: (offsetMs) => cuts.push(offsetMs),
  })
  function playFrame(): void {
    for (let item = buffer[0]; item; item = buffer[0]) {
      if (item.kind === 'mark') {
        buffer.shift()
        returnMark(item.name)
        continue
      }
      break
    }
    const audio = buffer[0]
    if (audio?.kind !== 'audio') {
      dryAtMs.push(playedMs)
      return
    }
    audio.ms -= 20
    playedMs += 20
    if (audio.ms <= 0) buffer.shift()
  }
  return {
    clock,
    outbound,
    events,
    playouts,
    cuts,
    sentMessages,
    bufferedMs: () => buffer.reduce((sum, item) => sum + (item.kind === 'audio' ? item.ms : 0), 0),
    playedMs: () => playedMs,
    dryAtMs,
    run(ms: number) {
      for (let elapsed = 0; elapsed < ms; elapsed += 20) {
        clock.advance(20)
        playFrame()
        outbound.pump()
      }
    },
  }
}

function clauseOf(responseId: string, clauseId: number, ms: number, isComplete = true): ClauseAudio {
  const clause = new ClauseAudio(responseId, clauseId)
  clause.append(new Uint8Array(ms * 8).fill(0x10))
  if (isComplete) clause.complete()
  return clause
}

describe('outbound audio', () => {
  it('plays a clause once and says so when its last mark returns', () => {
    const world = createWorld()
    world.outbound.play(clauseOf('r1', 0, 1000), 0)
    world.run(1200)
    expect(world.playedMs()).toBe(1000)
    expect(world.events).toEqual(['started r1/0', 'played r1/0 at 1020'])
  })

  it('never has more than about 300 ms waiting at the carrier', () => {
    const world = createWorld()
    world.outbound.play(clauseOf('r1', 0, 5000), 0)
    let most = 0
    for (let i = 0; i < 250; i++) {
      world.run(20)
      most = Math.max(most, world.bufferedMs())
    }
    expect(most).toBeLessThanOrEqual(320)
    expect(most).toBeGreaterThanOrEqual(180)
  })

  it('sends whole 20 ms frames only, whatever the voice delivers', () => {
    const world = createWorld()
    const clause = clauseOf('r1', 0, 0, false)
    world.outbound.play(clause, 0)
    for (const bytes of [7, 333, 1601, 59]) {
      clause.append(new Uint8Array(bytes).fill(0x10))
      world.run(20)
    }
    clause.complete()
    world.run(500)
    expect(world.sentMessages.every((bytes) => bytes % 160 === 0)).toBe(true)
    expect(world.sentMessages.reduce((sum, bytes) => sum + bytes, 0)).toBe(Math.ceil(2000 / 160) * 160)
  })

  it('leaves no gap between clauses that are both ready', () => {
    const world = createWorld()
    world.outbound.play(clauseOf('r1', 0, 500), 0)
    world.outbound.play(clauseOf('r1', 1, 500), 0)
    world.run(1040)
    expect(world.playedMs()).toBe(1000)
  })

  it('reports the clause as played when its end becomes known only after its audio was sent', () => {
    const world = createWorld()
    const clause = clauseOf('r1', 0, 200, false)
    world.outbound.play(clause, 0)
    world.run(400)
    clause.complete()
    world.run(60)
    expect(world.events.at(-1)).toMatch(/^played r1\/0/)
  })

  for (const markDelayMs of [0, 150]) {
    it(`knows what was heard at a cut to within ${40 + markDelayMs} ms when marks take ${markDelayMs} ms`, () => {
      for (const cutAtMs of [140, 1010, 2990, 7770]) {
        const world = createWorld({ markDelayMs })
        for (let clauseId = 0; clauseId < 5; clauseId++)
          world.outbound.play(clauseOf('r1', clauseId, 2000), 0)
        world.run(cutAtMs)
        const played = world.playedMs()
        const heard = world.outbound.clear('r1').reduce((sum, clause) => sum + clause.heardMs, 0)
        expect(Math.abs(heard - played)).toBeLessThanOrEqual(40 + markDelayMs)
        expect(world.bufferedMs()).toBe(0)
      }
    })
  }

  it('takes marks that a clear flushed for flushed, not for heard', () => {
    const world = createWorld({ markDelayMs: 60 })
    world.outbound.play(clauseOf('r1', 0, 2000), 0)
    world.run(500)
    const [snapshot] = world.outbound.clear('r1')
    world.run(200)
    expect(world.events).toEqual(['started r1/0'])
    expect(snapshot?.heardMs).toBeLessThan(560)
  })

  it('goes on from the heard position after a false interruption, and counts from the beginning of the clause', () => {
    const world = createWorld()
    const clause = clauseOf('r1', 0, 2000)
    world.outbound.play(clause, 0)
    world.run(1000)
    const [cut] = world.outbound.clear('r1')
    const fromMs = cut?.heardMs ?? 0
    world.run(400)
    world.outbound.play(clause, fromMs)
    world.run(500)
    const [second] = world.outbound.clear('r1')
    expect(second?.heardMs).toBeGreaterThanOrEqual(fromMs + 440)
    expect(second?.heardMs).toBeLessThanOrEqual(fromMs + 520)
  })

  it('includes clauses that were heard whole and never begun in a snapshot', () => {
    const world = createWorld()
    world.outbound.play(clauseOf('r1', 0, 400), 0)
    world.outbound.play(clauseOf('r1', 1, 2000), 0)
    world.outbound.play(clauseOf('r1', 2, 2000), 0)
    world.run(1000)
    const snapshot = world.outbound.clear('r1')
    expect(snapshot.map((clause) => clause.clauseId)).toEqual([0, 1, 2])
    expect(snapshot[0]).toEqual({ clauseId: 0, heardMs: 400, durationMs: 400 })
    expect(snapshot[2]?.heardMs).toBe(0)
  })

  it('tells the recording when audio will be heard, and that the rest was cut', () => {
    const world = createWorld()
    world.outbound.play(clauseOf('r1', 0, 1000), 0)
    world.run(1100)
    const placed = world.playouts.map((piece) => piece.offsetMs)
    for (let i = 1; i < placed.length; i++) {
      expect(
        Math.abs((placed[i] ?? 0) - ((placed[i - 1] ?? 0) + (world.playouts[i - 1]?.ms ?? 0))),
      ).toBeLessThanOrEqual(20)
    }
    world.outbound.play(clauseOf('r2', 0, 1000), 0)
    world.run(100)
    world.outbound.clear('r2')
    expect(world.cuts).toEqual([1200])
  })

  it('plays and records a clause in one piece, however late its marks return', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.integer({ min: 0, max: 500 })), (delays) => {
        const world = createWorld({ markDelayMs: () => delays.next().value ?? 0 })
        world.outbound.play(clauseOf('r1', 0, 3000), 0)
        world.run(4000)
        let endMs = 0
        for (const { offsetMs, ms } of world.playouts) {
          expect(offsetMs).toBe(endMs)
          endMs = offsetMs + ms
        }
        expect(endMs).toBe(3000)
        expect(world.dryAtMs.filter((playedMs) => playedMs > 0 && playedMs < 3000)).toEqual([])
      }),
    )
  })

  it('records the hole that the caller heard, and no audio twice', () => {
    const world = createWorld()
    const clause = clauseOf('r1', 0, 400, false)
    world.outbound.play(clause, 0)
    world.run(1000)
    clause.append(new Uint8Array(400 * 8).fill(0x10))
    clause.complete()
    world.outbound.pump()
    world.run(600)
    const [first, ...rest] = world.playouts
    expect(first?.offsetMs).toBe(0)
    expect(rest.find(({ offsetMs }) => offsetMs > 400)?.offsetMs).toBe(1000)
    const last = world.playouts.at(-1)
    expect((last?.offsetMs ?? 0) + (last?.ms ?? 0)).toBe(1400)
  })

  it('takes a clause for heard whole only when the carrier says so', () => {
    const world = createWorld({ losesMarks: true })
    world.outbound.play(clauseOf('r1', 0, 300), 0)
    world.run(1000)
    expect(world.outbound.clear('r1')).toEqual([{ clauseId: 0, heardMs: 280, durationMs: 300 }])
  })

  it('does not hang on marks that never return', () => {
    const world = createWorld({ losesMarks: true })
    world.outbound.play(clauseOf('r1', 0, 500), 0)
    world.run(6000)
    expect(world.events.filter((event) => event.startsWith('played'))).toHaveLength(1)
    expect(world.outbound.isAudible).toBe(false)
  })
})
