import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  decodeMulaw,
  decodeMulawSample,
  encodeMulaw,
  encodeMulawSample,
  MULAW_SILENCE,
  mulawSilence,
} from './mulaw.ts'

test.each([
  [0, 0xff, 0],
  [-1, 0x7f, 0],
  [4, 0xfe, 8],
  [100, 0xf2, 104],
  [1000, 0xce, 988],
  [-1000, 0x4e, -988],
  [10000, 0x9c, 9852],
  [32767, 0x80, 32124],
  [-32768, 0x00, -32124],
])('encodes %i as code %i, which decodes to %i', (sample, code, decoded) => {
  expect(encodeMulawSample(sample)).toBe(code)
  expect(decodeMulawSample(code) + 0).toBe(decoded)
})

test('returns every code after a round trip, except negative zero', () => {
  const codes = Uint8Array.from({ length: 256 }, (_, code) => code)
  const back = encodeMulaw(decodeMulaw(codes))
  for (let code = 0; code < 256; code++) expect(back[code]).toBe(code === 0x7f ? 0xff : code)
})

test('loses at most half a step of the sample, which grows with it', () => {
  fc.assert(
    fc.property(fc.integer({ min: -32124, max: 32124 }), (sample) => {
      const error = Math.abs(decodeMulawSample(encodeMulawSample(sample)) - sample)
      expect(error).toBeLessThanOrEqual(4 + Math.abs(sample) / 32)
    }),
  )
})

test('keeps the order of samples', () => {
  fc.assert(
    fc.property(fc.integer({ min: -32768, max: 32766 }), (sample) => {
      expect(decodeMulawSample(encodeMulawSample(sample))).toBeLessThanOrEqual(
        decodeMulawSample(encodeMulawSample(sample + 1)),
      )
    }),
  )
})

test('makes silence of 8 bytes a millisecond', () => {
  expect(mulawSilence(20)).toEqual(new Uint8Array(160).fill(MULAW_SILENCE))
  expect(mulawSilence(-5)).toHaveLength(0)
})
