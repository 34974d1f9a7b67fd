const FORMAT_PCM = 1
const FORMAT_MULAW = 7

/** A WAV header whose lengths are unknown (all ones), as a stream has it. */
export function streamedWavHeader(sampleRateHz: number, encoding: 'pcm16' | 'mulaw' = 'pcm16'): Uint8Array {
  const sampleBytes = encoding === 'pcm16' ? 2 : 1
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE(0xffffffff, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(encoding === 'pcm16' ? FORMAT_PCM : FORMAT_MULAW, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(sampleRateHz, 24)
  header.writeUInt32LE(sampleRateHz * sampleBytes, 28)
  header.writeUInt16LE(sampleBytes, 32)
  header.writeUInt16LE(sampleBytes * 8, 34)
  header.write('data', 36)
  header.writeUInt32LE(0xffffffff, 40)
  return header
}
