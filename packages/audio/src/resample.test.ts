import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { levelDbfs } from './pcm.ts'
import { createResampler } from './resample.ts'

function sine(hz: number, rateHz: number, seconds: number, amplitude = 16000): Int16Array {
  return Int16Array.from({ length: Math.round(rateHz * seconds) }, (_, i) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * hz * i) / rateHz)),
  )
}

const bytesOf = (pcm: Int16Array) => Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength)

function resample(pcm: Int16Array, fromHz: number, toHz: number): Int16Array {
  const resampler = createResampler({ fromHz, toHz })
  return Int16Array.from([...resampler.process(pcm), ...resampler.flush()])
}

/** Gain of a tone in dB and, with that gain and phase removed, its ratio to everything else. */
function measure(
  output: Int16Array,
  hz: number,
  rateHz: number,
  amplitude: number,
): { gainDb: number; snrDb: number } {
  const edge = Math.round(rateHz * 0.02)
  const middle = output.subarray(edge, output.length - edge)
  let inPhase = 0
  let quadrature = 0
  for (let i = 0; i < middle.length; i++) {
    const angle = (2 * Math.PI * hz * i) / rateHz
    inPhase += (middle[i] as number) * Math.cos(angle)
    quadrature += (middle[i] as number) * Math.sin(angle)
  }
  inPhase *= 2 / middle.length
  quadrature *= 2 / middle.length
  let noise = 0
  for (let i = 0; i < middle.length; i++) {
    const angle = (2 * Math.PI * hz * i) / rateHz
    noise += ((middle[i] as number) - inPhase * Math.cos(angle) - quadrature * Math.sin(angle)) ** 2
  }
  const power = (inPhase ** 2 + quadrature ** 2) / 2
  return {
    gainDb: 20 * Math.log10(Math.hypot(inPhase, quadrature) / amplitude),
    snrDb: 10 * Math.log10(power / (noise / middle.length)),
  }
}

describe('quality', () => {
  test.each([300, 1000, 3000])('passes %i Hz from 24 kHz to 8 kHz unchanged', (hz) => {
    const { gainDb, snrDb } = measure(resample(sine(hz, 24000, 1), 24000, 8000), hz, 8000, 16000)
    expect(Math.abs(gainDb)).toBeLessThan(0.05)
    expect(snrDb).toBeGreaterThan(70)
  })

  test.each([300, 1000, 3000])('passes %i Hz through 8 → 24 → 8 kHz unchanged', (hz) => {
    const { gainDb, snrDb } = measure(
      resample(resample(sine(hz, 8000, 1), 8000, 24000), 24000, 8000),
      hz,
      8000,
      16000,
    )
    expect(Math.abs(gainDb)).toBeLessThan(0.05)
    expect(snrDb).toBeGreaterThan(70)
  })

  test('loses less than 1 dB at 3400 Hz', () => {
    const there = measure(resample(sine(3400, 24000, 1), 24000, 8000), 3400, 8000, 16000)
    expect(Math.abs(there.gainDb)).toBeLessThan(1)
  })

  test.each([4600, 5000, 6000, 7000, 9000, 11000])(
    'lets less than −55 dB of %i Hz alias into the band',
    (hz) => {
      const input = sine(hz, 24000, 1)
      expect(levelDbfs(resample(input, 24000, 8000).subarray(160, 7840)) - levelDbfs(input)).toBeLessThan(-55)
    },
  )

  test.each([16000, 22050, 44100, 48000])('brings 1 kHz from %i Hz to 8 kHz', (fromHz) => {
    const { gainDb, snrDb } = measure(resample(sine(1000, fromHz, 1), fromHz, 8000), 1000, 8000, 16000)
    expect(Math.abs(gainDb)).toBeLessThan(0.05)
    expect(snrDb).toBeGreaterThan(65)
  })

  test('keeps the signal where it was in time', () => {
    const impulse = new Int16Array(2400)
    impulse[1200] = 30000
    const output = resample(impulse, 24000, 8000)
    expect(output.indexOf(Math.max(...output))).toBe(400)
  })

  test('keeps a constant exactly', () => {
    const output = resample(new Int16Array(4800).fill(1234), 24000, 8000)
    for (const sample of output.subarray(32, 1500)) expect(sample).toBe(1234)
    for (const sample of resample(new Int16Array(800).fill(-77), 8000, 24000).subarray(96, 2200))
      expect(sample).toBe(-77)
  })

  test('saturates instead of wrapping', () => {
    const square = Int16Array.from({ length: 2400 }, (_, i) => (Math.floor(i / 24) % 2 ? -32768 : 32767))
    const output = resample(square, 24000, 8000)
    for (let i = 0; i < output.length; i++) {
      const middle = i * 3
      const isDeepInside = middle % 24 > 6 && middle % 24 < 18
      if (isDeepInside) expect(Math.sign(output[i] as number)).toBe(Math.sign(square[middle] as number))
    }
    expect(Math.max(...output)).toBe(32767)
  })
})

describe('streaming', () => {
  const rates = fc.constantFrom(
    [24000, 8000],
    [8000, 24000],
    [16000, 8000],
    [22050, 8000],
    [44100, 8000],
    [48000, 8000],
  )

  test('does not depend on how the input is cut', () => {
    fc.assert(
      fc.property(
        rates,
        fc.array(fc.integer({ min: -32768, max: 32767 }), { maxLength: 1500 }),
        fc.array(fc.nat(200), { minLength: 1, maxLength: 40 }),
        ([fromHz = 0, toHz = 0], samples, cuts) => {
          const pcm = Int16Array.from(samples)
          const resampler = createResampler({ fromHz, toHz })
          const pieces: number[] = []
          let at = 0
          for (let i = 0; at < pcm.length; i++) {
            const size = i < cuts.length ? (cuts[i] as number) : pcm.length
            pieces.push(...resampler.process(pcm.subarray(at, at + size)))
            at += size
          }
          pieces.push(...resampler.flush())
          expect(Int16Array.from(pieces)).toEqual(resample(pcm, fromHz, toHz))
          expect(pieces).toHaveLength(Math.ceil((pcm.length * toHz) / fromHz))
        },
      ),
      { numRuns: 60 },
    )
  })

  test('takes chunks of any length, whole recordings included', () => {
    for (const [fromHz, toHz] of [
      [24000, 8000],
      [8000, 24000],
      [1000, 192_000],
    ] as const) {
      const long = sine(200, fromHz, 200_000 / fromHz)
      const pieces = createResampler({ fromHz, toHz })
      const whole = createResampler({ fromHz, toHz }).process(long)
      const half = pieces.process(long.subarray(0, 99_999))
      expect(Buffer.compare(bytesOf(whole.subarray(0, half.length)), bytesOf(half))).toBe(0)
      const rest = pieces.process(long.subarray(99_999))
      expect(Buffer.compare(bytesOf(whole.subarray(half.length)), bytesOf(rest))).toBe(0)
    }
  })

  test('is new after a reset and after a flush', () => {
    const loud = sine(1000, 24000, 0.1)
    const resampler = createResampler({ fromHz: 24000, toHz: 8000 })
    resampler.process(loud)
    resampler.reset()
    expect(resampler.process(new Int16Array(480)).every((sample) => sample === 0)).toBe(true)
    resampler.process(loud)
    resampler.flush()
    expect(Int16Array.from([...resampler.process(loud), ...resampler.flush()])).toEqual(
      resample(loud, 24000, 8000),
    )
  })

  test('holds back no more than 2 ms', () => {
    expect(
      createResampler({ fromHz: 24000, toHz: 8000 }).process(new Int16Array(480)).length,
    ).toBeGreaterThanOrEqual(160 - 16)
  })

  test('copies when the rates are equal', () => {
    const pcm = Int16Array.of(1, 2, 3)
    const output = createResampler({ fromHz: 8000, toHz: 8000 }).process(pcm)
    expect(output).toEqual(pcm)
    expect(output).not.toBe(pcm)
  })

  test('refuses what is no sample rate', () => {
    expect(() => createResampler({ fromHz: 0, toHz: 8000 })).toThrow(RangeError)
    expect(() => createResampler({ fromHz: 8000, toHz: Number.NaN })).toThrow(RangeError)
  })
})
