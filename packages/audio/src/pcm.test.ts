import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  bytesToPcm,
  createPcmAssembler,
  fadeIn,
  fadeOut,
  levelDbfs,
  pcmToBytes,
  rms,
  SILENCE_DBFS,
} from './pcm.ts'

const anyPcm = fc
  .array(fc.integer({ min: -32768, max: 32767 }), { maxLength: 200 })
  .map((a) => Int16Array.from(a))

test('assembles the same samples however the bytes are cut', () => {
  fc.assert(
    fc.property(anyPcm, fc.array(fc.nat(7), { minLength: 1, maxLength: 50 }), (pcm, cuts) => {
      const bytes = pcmToBytes(pcm)
      const assembler = createPcmAssembler()
      const samples: number[] = []
      let at = 0
      for (let i = 0; at < bytes.length; i++) {
        const size = i < cuts.length ? (cuts[i] as number) : bytes.length
        samples.push(...assembler.push(bytes.subarray(at, at + size)))
        at += size
      }
      expect(Int16Array.from(samples)).toEqual(pcm)
    }),
  )
})

test('reads little-endian and ignores an odd trailing byte', () => {
  expect(bytesToPcm(Uint8Array.of(0x01, 0x00, 0xff, 0xff, 0x00, 0x80, 0x12))).toEqual(
    Int16Array.of(1, -1, -32768),
  )
})

test('forgets a waiting byte on reset', () => {
  const assembler = createPcmAssembler()
  assembler.push(Uint8Array.of(0x55))
  assembler.reset()
  expect(assembler.push(Uint8Array.of(0x02, 0x01))).toEqual(Int16Array.of(0x0102))
})

test('fades from and to silence without touching the rest or its input', () => {
  const flat = new Int16Array(10).fill(1000)
  expect([...fadeIn(flat, 4)]).toEqual([0, 250, 500, 750, 1000, 1000, 1000, 1000, 1000, 1000])
  expect([...fadeOut(flat, 4)]).toEqual([1000, 1000, 1000, 1000, 1000, 1000, 750, 500, 250, 0])
  expect([...fadeOut(flat, 100)]).toHaveLength(10)
  expect(flat[9]).toBe(1000)
})

test('measures level against full scale', () => {
  const sine = Int16Array.from({ length: 8000 }, (_, i) =>
    Math.round(32767 * Math.sin((2 * Math.PI * 1000 * i) / 8000)),
  )
  expect(levelDbfs(sine)).toBeCloseTo(-3.01, 1)
  expect(rms(new Int16Array(0))).toBe(0)
  expect(levelDbfs(new Int16Array(160))).toBe(SILENCE_DBFS)
})
