import { createTestClock, ProviderError, silentLog } from '@phonevoice/base'
import type { TtsProvider } from '@phonevoice/providers/contract'
import { describe, expect, test } from 'vitest'
import { createPhraseCache } from '../phrase-cache.ts'
import type { ClauseAudio } from '../pipeline/clause-audio.ts'
import { createVoice } from './voice.ts'

const failure = new ProviderError('down', { vendor: 'test', operation: 'speech', category: 'server' })
type Piece = number | Error | 'stall'

async function settle(): Promise<void> {
  for (let turn = 0; turn < 300; turn++) await Promise.resolve()
}

/** A voice that says what it is told to, piece by piece: numbers are bytes of audio. */
function createSpeaker(name: string, script: Piece[]) {
  const asked: string[] = []
  const tts: TtsProvider = {
    provider: name,
    model: 'm',
    voiceId: 'v',
    format: { encoding: 'mulaw', sampleRateHz: 8000 },
    async *synthesize({ text, signal }) {
      asked.push(text)
      for (const piece of script) {
        if (signal.aborted) return
        if (piece === 'stall') {
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
          return
        }
        if (piece instanceof Error) throw piece
        yield new Uint8Array(160).fill(piece)
      }
    },
    warm: () => Promise.resolve(),
  }
  return { tts, asked }
}

function setUp(speakers: ReturnType<typeof createSpeaker>[]) {
  const told: string[] = []
  const heard: string[] = []
  const clock = createTestClock()
  const voice = createVoice({
    providers: speakers.map(({ tts }) => ({ tts, speed: 1 })),
    language: 'en',
    organizationId: 'org',
    phrases: createPhraseCache(),
    onAudio: () => {},
    onFirstAudio: (responseId, clauseId) => heard.push(`${responseId}.${clauseId}`),
    onFailed: (responseId, clauseId) => told.push(`${responseId}.${clauseId} failed`),
    onUsage: (tts, { quantity }) => told.push(`usage ${tts.provider} ${quantity}`),
    timers: clock,
    log: silentLog,
  })
  return { told, heard, clock, voice }
}

/** What is in each 160 bytes. */
function contentOf(clause: ClauseAudio): number[] {
  const bytes = clause.read(0, clause.bytes)
  return Array.from({ length: bytes.length / 160 }, (_, index) => bytes[index * 160] ?? -1)
}

describe('a clause', () => {
  test('tells its first audio once where an answer begins, also when it was known', async () => {
    const { voice, heard } = setUp([createSpeaker('one', [1, 2])])
    voice.speak('r1', 0, 'Hello.')
    voice.speak('r1', 1, 'How are you?')
    await settle()
    voice.speak('r2', 0, 'Hello.')
    await settle()
    expect(heard).toEqual(['r1.0', 'r2.0'])
  })

  test('is said by the first voice, once, and from the cache the next time', async () => {
    const one = createSpeaker('one', [1, 2])
    const { voice, told } = setUp([one])
    const clause = voice.speak('r1', 0, 'Hello.')
    await settle()
    expect(contentOf(clause)).toEqual([1, 2])
    expect(voice.speak('r1', 0, 'Hello.')).toBe(clause)
    const again = voice.speak('r2', 0, 'Hello.')
    await settle()
    expect(contentOf(again)).toEqual([1, 2])
    expect(one.asked).toEqual(['Hello.'])
    expect(told).toEqual(['usage one 6'])
  })

  test('comes from the fallback after 0.6 s without a sound, and the next one at once', async () => {
    const [one, two] = [createSpeaker('one', ['stall']), createSpeaker('two', [7])]
    const { voice, clock } = setUp([one, two])
    const clause = voice.speak('r1', 0, 'Hello.')
    await settle()
    clock.advance(500)
    await settle()
    expect(contentOf(clause)).toEqual([7])
    expect(clause.isComplete).toBe(true)
    const next = voice.speak('r1', 1, 'Bye.')
    await settle()
    expect(contentOf(next)).toEqual([7])
    expect(one.asked).toEqual(['Hello.'])
    expect(clock.pendingTimers).toBe(0)
  })

  test('that breaks off is said on by the fallback from about there', async () => {
    const [one, two] = [createSpeaker('one', [1, 2, failure]), createSpeaker('two', [7, 8, 9, 10])]
    const { voice } = setUp([one, two])
    const clause = voice.speak('r1', 0, 'Hello.')
    await settle()
    expect(contentOf(clause)).toEqual([1, 2, 9, 10])
  })

  test('that stops coming for 0.8 s is said on by the fallback', async () => {
    const [one, two] = [createSpeaker('one', [1, 'stall']), createSpeaker('two', [7, 8, 9])]
    const { voice, clock } = setUp([one, two])
    const clause = voice.speak('r1', 0, 'Hello.')
    await settle()
    clock.advance(800)
    await settle()
    expect(contentOf(clause)).toEqual([1, 8, 9])
  })

  test('fails when every voice has', async () => {
    const { voice, told } = setUp([createSpeaker('one', [failure]), createSpeaker('two', [failure])])
    voice.speak('r1', 0, 'Hello.')
    await settle()
    expect(told).toContain('r1.0 failed')
  })

  test('that was forgotten is not said', async () => {
    const one = createSpeaker('one', ['stall'])
    const { voice, told } = setUp([one])
    voice.speak('r1', 0, 'Hello.')
    await settle()
    voice.cancel('r1')
    await settle()
    expect(told).toEqual(['usage one 6'])
  })
})

describe('a voice with a connection of its own', () => {
  test('is warmed when the call begins and closed when it ends, the fallback only closed', () => {
    const told: string[] = []
    const keeping = (name: string) => {
      const speaker = createSpeaker(name, [1])
      const warm = async (): Promise<void> => void told.push(`${name} warmed`)
      return { ...speaker, tts: { ...speaker.tts, warm, close: () => void told.push(`${name} closed`) } }
    }
    const { voice } = setUp([keeping('one'), keeping('two')])
    expect(told).toEqual(['one warmed'])
    voice.close()
    expect(told).toEqual(['one warmed', 'one closed', 'two closed'])
  })
})

test('a voice billed by tokens is metered by what it reports', async () => {
  const speaker = createSpeaker('one', [1])
  const tokens = {
    inputTokens: 9,
    cachedInputTokens: 0,
    outputTokens: 2,
    outputAudioTokens: 30,
    isMeasured: true,
  }
  const { synthesize } = speaker.tts
  const tts: TtsProvider = {
    ...speaker.tts,
    billedBy: 'tokens',
    async *synthesize(request) {
      yield* synthesize(request)
      request.onTokens?.(tokens)
    },
  }
  const { voice, told } = setUp([{ ...speaker, tts }])
  voice.speak('r1', 0, 'Hello.')
  await settle()
  expect(told).toEqual(['usage one 9', 'usage one 0', 'usage one 2', 'usage one 30'])
})
