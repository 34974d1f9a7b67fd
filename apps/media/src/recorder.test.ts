import { silentLog } from '@phonevoice/base'
import { describe, expect, it } from 'vitest'
import { createRecorder, type RecordingPart } from './recorder.ts'

function record() {
  const parts: RecordingPart[] = []
  const recorder = createRecorder({ log: silentLog, writePart: async (part) => void parts.push(part) })
  return { parts, recorder }
}

const frame = (value: number): Uint8Array => new Uint8Array(160).fill(value)

describe('the recorder', () => {
  it('writes parts that follow each other without gap or overlap, on whole milliseconds', async () => {
    const { parts, recorder } = record()
    for (let ms = 0; ms < 35_000; ms += 20) {
      recorder.caller(ms + (ms % 3) / 3, frame(0x20))
      recorder.flush(ms + 0.3)
    }
    await recorder.close(35_000.7)
    expect(parts.length).toBeGreaterThan(2)
    expect(parts.map((part) => part.number)).toEqual(parts.map((_, index) => index + 1))
    expect(parts.map((part) => part.isLast)).toEqual(parts.map((_, index) => index === parts.length - 1))
    let end = 0
    for (const part of parts) {
      expect(part.offsetMs).toBe(end)
      expect(Number.isInteger(part.durationMs)).toBe(true)
      expect(part.audio.length).toBe(part.durationMs * 16)
      end += part.durationMs
    }
    expect(end).toBe(35_000)
  })

  it('keeps caller left and assistant right, and silences what the assistant was cut from', async () => {
    const { parts, recorder } = record()
    for (let ms = 0; ms < 1000; ms += 20) recorder.caller(ms, frame(0x20))
    for (let ms = 200; ms < 800; ms += 100) recorder.assistant(ms, new Uint8Array(800).fill(0x40))
    recorder.cutAssistant(500)
    await recorder.close(1000)
    const audio = Buffer.concat(parts.map((part) => part.audio))
    const at = (ms: number): number[] => [audio[ms * 16] ?? -1, audio[ms * 16 + 1] ?? -1]
    expect([at(100), at(300), at(499), at(600)]).toEqual([
      [0x20, 0xff],
      [0x20, 0x40],
      [0x20, 0x40],
      [0x20, 0xff],
    ])
  })

  it('goes on when a part could not be written', async () => {
    const written: number[] = []
    const recorder = createRecorder({
      log: silentLog,
      async writePart(part) {
        if (part.number === 1) throw new Error('the disk is full')
        written.push(part.number)
      },
    })
    for (let ms = 0; ms < 25_000; ms += 20) {
      recorder.caller(ms, frame(0x20))
      recorder.flush(ms)
    }
    await recorder.close(25_000)
    expect(written.length).toBeGreaterThan(0)
  })
})
