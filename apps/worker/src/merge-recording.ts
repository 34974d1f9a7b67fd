/** Joins the parts of a recording to one stereo μ-law WAV, caller left. Streams: memory does not grow with the length of the call. */
import { MULAW_BYTES_PER_MS, MULAW_SILENCE, wavHeader } from '@phonevoice/audio'
import type { MergeRecording, PlacedPart } from '@phonevoice/services/finish'
import type { ObjectStorage } from '@phonevoice/storage'

const CHANNELS = 2
const SAMPLE_RATE_HZ = 8000
const BYTES_PER_MS = MULAW_BYTES_PER_MS * CHANNELS
const CHUNK_BYTES = 64 * 1024
const SILENCE = new Uint8Array(CHUNK_BYTES).fill(MULAW_SILENCE)

export function createMergeRecording(storage: ObjectStorage): MergeRecording {
  return async ({ storageKey, parts, lengthMs, signal }) => {
    const dataBytes = toBytes(lengthMs)
    let missingParts = 0
    async function* content(): AsyncGenerator<Uint8Array> {
      yield wavHeader({ encoding: 'mulaw', sampleRateHz: SAMPLE_RATE_HZ, channels: CHANNELS, dataBytes })
      let writtenBytes = 0
      for (const part of parts) {
        signal.throwIfAborted()
        const startByte = toBytes(part.offsetMs)
        yield* silence(startByte - writtenBytes)
        writtenBytes = Math.max(writtenBytes, startByte)
        // Where a stream began before the one before it had ended, the earlier audio stays.
        const skipBytes = writtenBytes - startByte
        const lengthBytes = toBytes(part.offsetMs + part.durationMs) - writtenBytes
        if (lengthBytes <= 0) continue
        let partBytes = 0
        for await (const chunk of readPart(storage, part, skipBytes, lengthBytes)) {
          partBytes += chunk.length
          yield chunk
        }
        if (partBytes < lengthBytes) missingParts += 1
        yield* silence(lengthBytes - partBytes)
        writtenBytes += lengthBytes
      }
      yield* silence(dataBytes - writtenBytes)
    }
    const { sizeBytes } = await storage.put(storageKey, content())
    return { sizeBytes, durationMs: Math.round(dataBytes / BYTES_PER_MS), missingParts }
  }
}

/** At most `lengthBytes` of a part, from `skipBytes` on; nothing when it is not there. */
async function* readPart(
  storage: ObjectStorage,
  part: PlacedPart,
  skipBytes: number,
  lengthBytes: number,
): AsyncGenerator<Uint8Array> {
  const object = await storage.get(part.storageKey, { start: skipBytes, end: skipBytes + lengthBytes - 1 })
  if (object) yield* object.stream as AsyncIterable<Uint8Array>
}

function* silence(bytes: number): Generator<Uint8Array> {
  for (let left = bytes; left > 0; left -= CHUNK_BYTES) yield SILENCE.subarray(0, Math.min(left, CHUNK_BYTES))
}

/** Whole stereo samples, so that left stays left. */
function toBytes(ms: number): number {
  return Math.round(Math.max(0, ms) * MULAW_BYTES_PER_MS) * CHANNELS
}
