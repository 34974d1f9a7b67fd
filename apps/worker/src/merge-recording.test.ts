import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MULAW_SILENCE, parseWav } from '@phonevoice/audio'
import { createFolderStorage, type ObjectStorage } from '@phonevoice/storage'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createMergeRecording } from './merge-recording.ts'

let folder: string
let storage: ObjectStorage
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pv-merge-'))
  storage = createFolderStorage(folder)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const signal = new AbortController().signal
/** Stereo audio whose every byte is `left` or `right`. */
const audio = (durationMs: number, left: number, right: number): Uint8Array =>
  Uint8Array.from({ length: durationMs * 16 }, (_, index) => (index % 2 === 0 ? left : right))

async function merged(
  parts: Parameters<ReturnType<typeof createMergeRecording>>[0]['parts'],
  lengthMs: number,
) {
  const result = await createMergeRecording(storage)({ storageKey: 'call.wav', parts, lengthMs, signal })
  const object = await storage.get('call.wav')
  const chunks: Uint8Array[] = []
  for await (const chunk of object!.stream) chunks.push(chunk as Uint8Array)
  return { ...result, wav: parseWav(Buffer.concat(chunks)), object }
}

/** What is heard at a time: left and right. */
const at = (data: Uint8Array, ms: number): [number | undefined, number | undefined] => [
  data[ms * 16],
  data[ms * 16 + 1],
]
const SILENT = [MULAW_SILENCE, MULAW_SILENCE]

describe('merging a recording', () => {
  test('parts lie at their time, caller left, with silence between, before and after', async () => {
    await storage.put('a', audio(100, 1, 2))
    await storage.put('b', audio(100, 3, 4))
    const { wav, durationMs, missingParts, sizeBytes } = await merged(
      [
        { storageKey: 'a', offsetMs: 50, durationMs: 100 },
        { storageKey: 'b', offsetMs: 200, durationMs: 100 },
      ],
      400,
    )
    expect(wav).toMatchObject({ encoding: 'mulaw', sampleRateHz: 8000, channels: 2 })
    expect([0, 49, 50, 149, 150, 199, 200, 299, 300, 399].map((ms) => at(wav.data, ms))).toEqual([
      SILENT,
      SILENT,
      [1, 2],
      [1, 2],
      SILENT,
      SILENT,
      [3, 4],
      [3, 4],
      SILENT,
      SILENT,
    ])
    expect([wav.data.length, durationMs, missingParts, sizeBytes]).toEqual([400 * 16, 400, 0, 58 + 400 * 16])
  })

  test('a part that is gone or short is silence, and counted', async () => {
    await storage.put('short', audio(40, 1, 2))
    const { wav, missingParts } = await merged(
      [
        { storageKey: 'gone', offsetMs: 0, durationMs: 100 },
        { storageKey: 'short', offsetMs: 100, durationMs: 100 },
      ],
      200,
    )
    expect([at(wav.data, 50), at(wav.data, 139), at(wav.data, 140)]).toEqual([SILENT, [1, 2], SILENT])
    expect([wav.data.length, missingParts]).toEqual([200 * 16, 2])
  })

  test('where streams overlap the earlier audio stays and nothing shifts', async () => {
    await storage.put('a', audio(100, 1, 1))
    await storage.put('b', Uint8Array.from([...audio(60, 2, 2), ...audio(40, 3, 3)]))
    const { wav } = await merged(
      [
        { storageKey: 'a', offsetMs: 0, durationMs: 100 },
        { storageKey: 'b', offsetMs: 50, durationMs: 100 },
      ],
      150,
    )
    expect([at(wav.data, 99), at(wav.data, 100), at(wav.data, 109), at(wav.data, 110)]).toEqual([
      [1, 1],
      [2, 2],
      [2, 2],
      [3, 3],
    ])
  })

  test('whatever the parts, the file has exactly the length it announces', async () => {
    await storage.put('a', audio(300, 1, 2))
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            offsetMs: fc.integer({ min: 0, max: 1000 }),
            durationMs: fc.integer({ min: 1, max: 300 }),
          }),
          { maxLength: 6 },
        ),
        fc.integer({ min: 0, max: 200 }),
        async (places, tailMs) => {
          const parts = places
            .sort((one, other) => one.offsetMs - other.offsetMs)
            .map((place) => ({ ...place, storageKey: 'a' }))
          const lengthMs =
            parts.reduce((end, part) => Math.max(end, part.offsetMs + part.durationMs), 0) + tailMs
          const { wav, object, missingParts } = await merged(parts, lengthMs)
          expect(wav.dataBytes ?? 0).toBe(lengthMs * 16)
          expect(object?.sizeBytes).toBe(58 + lengthMs * 16)
          expect(missingParts).toBe(0)
        },
      ),
      { numRuns: 40 },
    )
  })
})
