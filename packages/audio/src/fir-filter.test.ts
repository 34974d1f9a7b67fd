import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FIR_INPUT_MAX, FIR_OUTPUT_MAX, FIR_UNITY, firFilter, TAPS_PER_STEP } from './fir-filter.ts'

/** Goal: the assembled function is the sum it says it is. Method: the same sum in plain numbers, over any samples, taps and strides. */
const samples = fc.array(fc.integer({ min: -32768, max: 32767 }), { minLength: 40, maxLength: 200 })
const taps = fc.array(fc.integer({ min: -2000, max: 2000 }), { minLength: 1, maxLength: 24 })

test('adds up products, with any stride in and out', () => {
  fc.assert(
    fc.property(
      samples,
      taps,
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
      (input, given, inputStep, outputStep) => {
        const padded = Math.ceil(given.length / TAPS_PER_STEP) * TAPS_PER_STEP
        firFilter.taps.fill(0, 0, padded)
        firFilter.taps.set(given)
        firFilter.input.set(input)
        firFilter.output.fill(99, 0, 1000)
        const count = Math.floor((input.length - given.length) / inputStep) + 1
        firFilter.run({ tapCount: given.length, inputAt: 0, inputStep, outputAt: 3, outputStep, count })
        for (let n = 0; n < count; n++) {
          const sum = given.reduce((total, tap, k) => total + tap * (input[n * inputStep + k] as number), 0)
          const rounded = Math.floor((sum + FIR_UNITY / 2) / FIR_UNITY)
          expect(firFilter.output[3 + n * outputStep]).toBe(Math.max(-32768, Math.min(32767, rounded)))
        }
        expect(firFilter.output[3 + count * outputStep]).toBe(99)
      },
    ),
  )
})

test('cuts what is too loud instead of wrapping, as far as the taps’ magnitudes may go', () => {
  const signs = Array.from({ length: 16 }, (_, k) => (k % 3 === 0 ? -1 : 1))
  firFilter.taps.set(signs.map((sign) => (sign * (4 * FIR_UNITY - 16)) / 16))
  for (const loud of [1, -1]) {
    firFilter.input.set(signs.map((sign) => (sign * loud > 0 ? 32767 : -32767)))
    firFilter.run({ tapCount: 16, inputAt: 0, inputStep: 1, outputAt: 0, outputStep: 1, count: 1 })
    expect(firFilter.output[0]).toBe(loud > 0 ? 32767 : -32768)
  }
})

test('reaches the last sample and the last output, and does nothing for none', () => {
  firFilter.taps.fill(0, 0, TAPS_PER_STEP)
  firFilter.taps[0] = FIR_UNITY
  firFilter.input[FIR_INPUT_MAX - 1] = 1234
  const last = {
    tapCount: 1,
    inputAt: FIR_INPUT_MAX - 1,
    inputStep: 1,
    outputAt: FIR_OUTPUT_MAX - 1,
    outputStep: 1,
  }
  firFilter.run({ ...last, count: 1 })
  expect(firFilter.output[FIR_OUTPUT_MAX - 1]).toBe(1234)
  firFilter.input[FIR_INPUT_MAX - 1] = 0
  firFilter.run({ ...last, count: 0 })
  expect(firFilter.output[FIR_OUTPUT_MAX - 1]).toBe(1234)
})
