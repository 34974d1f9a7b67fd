import { beforeAll, describe, expect, test } from 'vitest'
import { encodeMulaw } from './mulaw.ts'
import {
  createVoiceActivityDetector,
  loadVoiceActivity,
  type VoiceActivityOptions,
  type VoiceEvent,
} from './voice-activity.ts'

beforeAll(loadVoiceActivity)

/** A repeatable source of noise. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

type Sound = (sampleIndex: number, random: () => number) => number
const amplitude = (dbfs: number) => 32768 * 10 ** (dbfs / 20)

const silence: Sound = () => 0
const white =
  (dbfs: number): Sound =>
  (_, random) =>
    (random() * 2 - 1) * Math.sqrt(3) * amplitude(dbfs)
const hum =
  (dbfs: number): Sound =>
  (i) =>
    Math.SQRT2 * amplitude(dbfs) * Math.sin((2 * Math.PI * 50 * i) / 8000)

/** Two tones at once, another pair every 20 ms: how the sandbox's simulated voice carries its words. */
function twoTones(dbfs: number): Sound {
  return (i) => {
    const symbol = Math.floor(i / 160)
    const low = 300 + ((symbol * 7919) % 24) * 50
    const high = 1700 + ((symbol * 104729) % 24) * 70
    const t = i / 8000
    return amplitude(dbfs) * (Math.sin(2 * Math.PI * low * t) + Math.sin(2 * Math.PI * high * t))
  }
}

/** Noise shaped like syllables: swelling four times a second, as speech does. */
function syllables(dbfs: number): Sound {
  let smooth = 0
  return (i, random) => {
    smooth += 0.4 * (random() * 2 - 1 - smooth)
    return smooth * 3.4 * amplitude(dbfs) * (0.25 + 0.75 * Math.abs(Math.sin((2 * Math.PI * 2 * i) / 8000)))
  }
}

/** Plays `[sound, milliseconds]` pieces one after the other, over a background, and lists what the detector says and when it said it. */
function listen(
  pieces: [Sound, number][],
  options: VoiceActivityOptions = {},
  background: Sound = silence,
  seed = 1,
) {
  const random = createRandom(seed)
  const pcm: number[] = []
  for (const [sound, ms] of pieces) {
    for (let i = 0; i < ms * 8; i++) pcm.push(sound(i, random) + background(pcm.length, random))
  }
  const mulaw = encodeMulaw(Int16Array.from(pcm, (s) => Math.max(-32768, Math.min(32767, Math.round(s)))))
  const detector = createVoiceActivityDetector(options)
  const heard: (VoiceEvent & { saidMs: number })[] = []
  for (let at = 0; at + 160 <= mulaw.length; at += 160) {
    const event = detector.push(mulaw.subarray(at, at + 160), at / 8)
    if (event) heard.push({ ...event, saidMs: at / 8 + 20 })
  }
  detector.close()
  return heard
}

describe('speech', () => {
  test('reports a beginning after 60 ms and an end after 150 ms, at the frames where they were', () => {
    expect(
      listen([
        [silence, 1000],
        [twoTones(-15), 600],
        [silence, 1000],
      ]),
    ).toEqual([
      { type: 'speech-started', atMs: 1000, saidMs: 1060 },
      { type: 'speech-stopped', atMs: 1600, saidMs: 1760 },
    ])
  })

  test('takes words of two tones with 40–80 ms between them for one span', () => {
    const words: [Sound, number][] = [220, 140, 300, 100, 480, 180].flatMap((ms, i) => [
      [twoTones(-15), ms],
      [silence, [40, 80, 60][i % 3] as number],
    ])
    const heard = listen([[silence, 500], ...words, [silence, 800]])
    expect(heard.map((event) => event.type)).toEqual(['speech-started', 'speech-stopped'])
    expect(heard[0]?.atMs).toBe(500)
    expect(heard[1]?.atMs).toBe(500 + words.slice(0, -1).reduce((sum, [, ms]) => sum + ms, 0))
  })

  test('keeps hearing a speaker who goes on for a minute', () => {
    const minute = Array.from({ length: 120 }, (): [Sound, number][] => [
      [twoTones(-15), 440],
      [silence, 60],
    ]).flat()
    const heard = listen([[white(-55), 500], ...minute, [silence, 500]], {}, white(-55))
    expect(heard.map((event) => event.type)).toEqual(['speech-started', 'speech-stopped'])
  })

  test.each([-15, -25, -32])('hears syllables of noise at %i dBFS over a line at −55', (dbfs) => {
    const heard = listen(
      [
        [silence, 1000],
        [syllables(dbfs), 1500],
        [silence, 1000],
      ],
      {},
      white(-55),
    )
    expect(heard[0]).toMatchObject({ type: 'speech-started' })
    expect(Math.abs((heard[0]?.atMs ?? 0) - 1000)).toBeLessThanOrEqual(80)
    expect(heard.at(-1)).toMatchObject({ type: 'speech-stopped' })
    expect(Math.abs((heard.at(-1)?.atMs ?? 0) - 2500)).toBeLessThanOrEqual(80)
  })

  test('hears someone who speaks from the very first frame', () => {
    expect(
      listen([
        [twoTones(-15), 400],
        [silence, 400],
      ])[0],
    ).toMatchObject({ type: 'speech-started', atMs: 0 })
  })

  test('hears speech over a loud room that it has got used to', () => {
    const heard = listen(
      [
        [silence, 3000],
        [twoTones(-15), 500],
        [silence, 1000],
      ],
      {},
      white(-38),
    )
    expect(heard.map((event) => [event.type, event.atMs])).toEqual([
      ['speech-started', 3000],
      ['speech-stopped', 3500],
    ])
  })

  test.each([100, 150, 300, 500])('says the end at most 20 ms after a hangover of %i ms', (hangoverMs) => {
    const heard = listen(
      [
        [silence, 500],
        [syllables(-20), 800],
        [silence, 1500],
      ],
      { hangoverMs },
      white(-60),
    )
    const stop = heard.at(-1)
    expect(stop?.type).toBe('speech-stopped')
    expect((stop?.saidMs ?? 0) - (stop?.atMs ?? 0)).toBeGreaterThanOrEqual(hangoverMs)
    expect((stop?.saidMs ?? 0) - (stop?.atMs ?? 0)).toBeLessThanOrEqual(hangoverMs + 20)
  })
})

describe('everything else', () => {
  test('is silent in silence', () => {
    expect(listen([[silence, 10_000]])).toEqual([])
  })

  test.each([
    ['white noise at −50 dBFS', white(-50)],
    ['white noise at −36 dBFS that was there from the beginning', white(-36)],
    ['mains hum at −50 dBFS', hum(-50)],
    ['mains hum at −38 dBFS', hum(-38)],
  ])('does not fire on %s', (_, sound) => {
    expect(listen([[sound, 10_000]])).toEqual([])
  })

  test('does not fire on a room whose noise swells and sinks by a few decibels', () => {
    const swelling: Sound = (i, random) =>
      white(-40)(i, random) * 10 ** ((3 * Math.sin((2 * Math.PI * i) / 16_000)) / 20)
    expect(listen([[swelling, 20_000]])).toEqual([])
  })

  test('gets used to a noise that begins during the call', () => {
    const heard = listen([
      [silence, 2000],
      [white(-30), 10_000],
    ])
    expect(heard.length).toBeLessThanOrEqual(2)
    expect(heard.at(-1)?.type).not.toBe('speech-started')
  })

  test('does not fire on a 50 ms click, wherever it falls within the frames', () => {
    for (let offset = 0; offset < 20; offset++) {
      const click: [Sound, number][] = [
        [silence, 1000 + offset],
        [white(-10), 50],
        [silence, 500 - offset],
      ]
      expect(listen(click, {}, silence, offset + 1)).toEqual([])
    }
  })

  test('needs as much speech as it is told to', () => {
    const short: [Sound, number][] = [
      [silence, 500],
      [twoTones(-15), 180],
      [silence, 500],
    ]
    expect(listen(short, { startMs: 200 })).toEqual([])
    expect(listen(short, { startMs: 160 })).toHaveLength(2)
  })
})

describe('a detector', () => {
  const loud = encodeMulaw(
    Int16Array.from({ length: 160 }, (_, i) => Math.round(twoTones(-15)(i, Math.random))),
  )

  test('counts missing frames as silence', () => {
    const detector = createVoiceActivityDetector()
    for (let i = 0; i < 10; i++) detector.push(loud, i * 20)
    expect(detector.push(loud, 5000)).toEqual({ type: 'speech-stopped', atMs: 200 })
    expect(detector.push(loud, 5020)).toBeNull()
    detector.close()
  })

  test('does not join a beginning across a gap', () => {
    const detector = createVoiceActivityDetector()
    for (let i = 0; i < 20; i++) expect(detector.push(loud, i * 200)).toBeNull()
    detector.close()
  })

  test('starts afresh after a reset', () => {
    const detector = createVoiceActivityDetector()
    for (let i = 0; i < 10; i++) detector.push(loud, i * 20)
    detector.reset()
    expect(detector.push(loud, 0)).toBeNull()
    detector.push(loud, 20)
    expect(detector.push(loud, 40)).toEqual({ type: 'speech-started', atMs: 0 })
    detector.close()
  })

  test('does nothing once closed, twice included', () => {
    const detector = createVoiceActivityDetector()
    detector.close()
    detector.close()
    detector.reset()
    for (let i = 0; i < 10; i++) expect(detector.push(loud, i * 20)).toBeNull()
  })

  test('hears its own stream only', () => {
    const speaking = createVoiceActivityDetector()
    const quiet = createVoiceActivityDetector()
    const nothing = new Uint8Array(160).fill(0xff)
    let started = 0
    for (let i = 0; i < 50; i++) {
      if (speaking.push(loud, i * 20)) started++
      expect(quiet.push(nothing, i * 20)).toBeNull()
    }
    expect(started).toBe(1)
    speaking.close()
    quiet.close()
  })

  test('takes short frames and keeps its memory', () => {
    const detector = createVoiceActivityDetector()
    expect(detector.push(new Uint8Array(0), 0)).toBeNull()
    expect(detector.push(loud.subarray(0, 37), 20)).toBeNull()
    detector.close()
  })
})
