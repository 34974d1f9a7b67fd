import fc from 'fast-check'
import { expect, test } from 'vitest'
import { InvalidWav, isWav, parseWav, readWavFormat, wavHeader, wavHeaderBytes } from './wav.ts'

function wav(header: Uint8Array, data: Uint8Array): Uint8Array {
  return Uint8Array.from([...header, ...data])
}

test('reads back what it writes', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('mulaw' as const, 'pcm16' as const),
      fc.constantFrom(8000, 24000),
      fc.constantFrom(1, 2),
      fc.uint8Array({ minLength: 4, maxLength: 64 }),
      (encoding, sampleRateHz, channels, data) => {
        const header = wavHeader({ encoding, sampleRateHz, channels, dataBytes: data.length })
        expect(header).toHaveLength(wavHeaderBytes(encoding))
        expect(parseWav(wav(header, data))).toEqual({
          encoding,
          sampleRateHz,
          channels,
          dataOffset: header.length,
          dataBytes: data.length,
          data,
        })
      },
    ),
  )
})

test('writes the μ-law header that the format asks for, byte by byte', () => {
  const hex = Buffer.from(
    wavHeader({ encoding: 'mulaw', sampleRateHz: 8000, channels: 2, dataBytes: 320 }),
  ).toString('hex')
  expect(hex).toBe(
    `52494646${'72010000'}57415645${'666d7420'}12000000${'0700'}0200${'401f0000'}803e0000${'0200'}0800${'0000'}66616374${'04000000'}a0000000${'64617461'}40010000`,
  )
})

test.each([0, 0xffffffff, 0xfffffff0])('takes the size %i for "until the end"', (size) => {
  const header = wavHeader({ encoding: 'pcm16', sampleRateHz: 24000, channels: 1, dataBytes: null })
  new DataView(header.buffer).setUint32(40, size, true)
  const parsed = parseWav(wav(header, Uint8Array.of(1, 2, 3, 4)))
  expect(parsed.dataBytes).toBeNull()
  expect(parsed.data).toEqual(Uint8Array.of(1, 2, 3, 4))
})

test('cuts a claim that is larger than the file', () => {
  const header = wavHeader({ encoding: 'mulaw', sampleRateHz: 8000, channels: 1, dataBytes: 1000 })
  expect(parseWav(wav(header, new Uint8Array(10))).data).toHaveLength(10)
})

test('skips unknown chunks, with their padding, and leaves out what follows the audio', () => {
  const plain = wavHeader({ encoding: 'pcm16', sampleRateHz: 16000, channels: 1, dataBytes: 2 })
  const extra = [...Buffer.from('LIST'), 3, 0, 0, 0, 9, 9, 9, 0]
  const bytes = Uint8Array.from([
    ...plain.subarray(0, 36),
    ...extra,
    ...plain.subarray(36),
    5,
    6,
    ...Buffer.from('junk'),
  ])
  expect(parseWav(bytes)).toMatchObject({ sampleRateHz: 16000, dataOffset: 56, data: Uint8Array.of(5, 6) })
})

test('waits for more of a header that arrives in pieces', () => {
  const header = wavHeader({ encoding: 'mulaw', sampleRateHz: 8000, channels: 1, dataBytes: null })
  for (let length = 0; length < header.length; length++)
    expect(readWavFormat(header.subarray(0, length))).toBeNull()
  expect(readWavFormat(header)).toMatchObject({ encoding: 'mulaw', dataOffset: 58 })
  expect(isWav(header.subarray(0, 4))).toBe(true)
})

test('reads the sub-format of an extensible header', () => {
  const plain = wavHeader({ encoding: 'pcm16', sampleRateHz: 24000, channels: 1, dataBytes: 2 })
  const bytes = Uint8Array.from([
    ...plain.subarray(0, 36),
    ...new Uint8Array(24),
    ...plain.subarray(36),
    1,
    2,
  ])
  const view = new DataView(bytes.buffer)
  view.setUint32(16, 40, true)
  view.setUint16(20, 0xfffe, true)
  view.setUint16(44, 1, true)
  expect(parseWav(bytes)).toMatchObject({ encoding: 'pcm16', data: Uint8Array.of(1, 2) })
})

test('refuses what it cannot read', () => {
  expect(() => parseWav(new Uint8Array(64))).toThrow(InvalidWav)
  expect(() =>
    parseWav(wavHeader({ encoding: 'mulaw', sampleRateHz: 8000, channels: 1, dataBytes: 4 }).subarray(0, 30)),
  ).toThrow(InvalidWav)
  const float = wavHeader({ encoding: 'pcm16', sampleRateHz: 8000, channels: 1, dataBytes: 4 })
  new DataView(float.buffer).setUint16(20, 3, true)
  expect(() => readWavFormat(float)).toThrow(/format 3 with 16 bits/)
})
