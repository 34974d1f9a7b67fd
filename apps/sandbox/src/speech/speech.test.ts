import {
  createResampler,
  createVoiceActivityDetector,
  decodeMulaw,
  encodeMulaw,
  levelDbfs,
  loadVoiceActivity,
} from '@phonevoice/audio'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSpeechDecoder, decodeSpeech, type HeardWord } from './decode-speech.ts'
import { encodeSpeech } from './encode-speech.ts'
import { mixSpeech } from './mix-speech.ts'

const word = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .map((text) => text.replaceAll(/\s/gu, ''))
  .filter((text) => text !== '')
const sentence = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join(' '))
const voice = fc.constantFrom('', 'alloy', 'marin', 'coral', 'verse')
const runs = { numRuns: 60 }

describe('the simulated voice', () => {
  it('is read back at 8 kHz, whatever the text, the chunks and the silence before it', () => {
    fc.assert(
      fc.property(
        sentence,
        voice,
        fc.nat(2000),
        fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1 }),
        (text, name, leading, sizes) => {
          const audio = after(leading, encodeSpeech(text, { sampleRateHz: 8000, voice: name }))
          expect(hear(inChunks(audio, sizes)).text).toBe(text)
        },
      ),
      runs,
    )
  })

  it('survives 24 kHz, the low-pass to 8 kHz, and μ-law twice', () => {
    fc.assert(
      fc.property(sentence, voice, fc.nat(479), (text, name, leading) => {
        const resampler = createResampler({ fromHz: 24000, toHz: 8000 })
        const wide = after(leading, encodeSpeech(text, { sampleRateHz: 24000, voice: name }))
        const narrow = concat([resampler.process(wide), resampler.flush()])
        const line = decodeMulaw(encodeMulaw(decodeMulaw(encodeMulaw(narrow))))
        expect(decodeSpeech(line)).toBe(text)
      }),
      runs,
    )
  })

  it('survives the way up to 24 kHz and down again', () => {
    fc.assert(
      fc.property(sentence, (text) => {
        const up = createResampler({ fromHz: 8000, toHz: 24000 })
        const down = createResampler({ fromHz: 24000, toHz: 8000 })
        const wide = concat([up.process(encodeSpeech(text, { sampleRateHz: 8000 })), up.flush()])
        expect(decodeSpeech(concat([down.process(wide), down.flush()]))).toBe(text)
      }),
      { numRuns: 25 },
    )
  })

  it('survives noise at -50 dBFS', () => {
    fc.assert(
      fc.property(sentence, fc.nat(), fc.nat(500), (text, seed, leading) => {
        const audio = after(leading, encodeSpeech(text, { sampleRateHz: 8000 }))
        expect(decodeSpeech(decodeMulaw(encodeMulaw(withNoise(audio, -50, seed))))).toBe(text)
      }),
      runs,
    )
  })

  it('loses only the cut word when audio is cut out of the middle', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.integer({ min: 1, max: 6000 }), (from, length) => {
        const words = Array.from({ length: 24 }, (_, i) => `word${i}`)
        const audio = encodeSpeech(words.join(' '), { sampleRateHz: 8000 })
        const places = hear([audio]).words
        const cutFrom = from % (audio.length - length)
        const cut = concat([audio.subarray(0, cutFrom), audio.subarray(cutFrom + length)])
        const survivors = places
          .filter((place) => place.endMs * 8 <= cutFrom - 20 || place.startMs * 8 >= cutFrom + length + 20)
          .map((place) => place.text)
        const heard = hear([cut]).words.map((place) => place.text)
        expect(words).toEqual(expect.arrayContaining(heard))
        expect(heard.filter((text) => survivors.includes(text))).toEqual(survivors)
        expect(heard.length - survivors.length).toBeLessThanOrEqual(2)
      }),
      { numRuns: 150 },
    )
  })

  it('never reports a damaged word as text', () => {
    fc.assert(
      fc.property(sentence, fc.nat(), fc.integer({ min: -30, max: 0 }), (text, seed, noiseDbfs) => {
        const audio = withNoise(encodeSpeech(text, { sampleRateHz: 8000 }), noiseDbfs, seed)
        const spoken = text.split(' ')
        for (const heard of hear([audio]).words) expect(spoken).toContain(heard.text)
      }),
      runs,
    )
  })

  it('reports a word that breaks off as damaged, at its beginning', () => {
    const audio = encodeSpeech('appointment', { sampleRateHz: 8000 })
    const heard = hear([after(800, audio.subarray(0, 1400)), new Int16Array(4000)])
    expect(heard.text).toBe('')
    expect(heard.damagedMs).toHaveLength(1)
    expect(heard.damagedMs[0]).toBeCloseTo(100, -1)
  })

  it('is heard word by word, each as soon as its last sample has come', () => {
    const audio = encodeSpeech('one two three', { sampleRateHz: 8000 })
    const delaysMs: number[] = []
    let pushedMs = 0
    const decoder = createSpeechDecoder({ onWord: (heard) => delaysMs.push(pushedMs - heard.endMs) })
    for (const chunk of inChunks(audio, [80])) {
      pushedMs += 10
      decoder.push(chunk)
    }
    expect(delaysMs).toHaveLength(3)
    for (const delayMs of delaysMs) expect(delayMs).toBeLessThanOrEqual(11)
  })

  it('says when each word was spoken', () => {
    const { words } = hear([after(8000, encodeSpeech('hello world', { sampleRateHz: 8000 }))])
    expect(words[0]?.startMs).toBeCloseTo(1000, -1)
    expect(words[0]?.endMs).toBeCloseTo(1200, -1)
    expect(words[1]?.startMs).toBeCloseTo(1240, -1)
  })

  it('reads two speakers one after the other, without a pause between them', () => {
    const first = encodeSpeech('Good morning.', { sampleRateHz: 8000, voice: 'marin' })
    const second = encodeSpeech('Hello, who is there?', { sampleRateHz: 8000, voice: 'coral' })
    expect(decodeSpeech(concat([first, after(7, second)]))).toBe('Good morning. Hello, who is there?')
  })

  it('carries words longer than a piece, and breaks up endless ones', () => {
    const long = `https://example.com/${'é'.repeat(80)}`
    expect(decodeSpeech(encodeSpeech(`see ${long} now`, { sampleRateHz: 8000 }))).toBe(`see ${long} now`)
    const endless = 'a'.repeat(600)
    const heard = decodeSpeech(encodeSpeech(endless, { sampleRateHz: 8000 }))
    expect(heard.split(' ').map((part) => part.length)).toEqual([248, 248, 104])
  })

  it('speaks as slowly as asked, and is still read', () => {
    const text = 'Please come at nine.'
    const usual = encodeSpeech(text, { sampleRateHz: 8000 })
    const slow = encodeSpeech(text, { sampleRateHz: 8000, speed: 0.5 })
    const fast = encodeSpeech(text, { sampleRateHz: 8000, speed: 2 })
    expect(slow.length / usual.length).toBeCloseTo(2, 0)
    expect(fast.length).toBeLessThan(usual.length)
    expect([decodeSpeech(slow), decodeSpeech(fast)]).toEqual([text, text])
  })

  it('forgets the clock and half a word on reset, and only the half word on flush', () => {
    const audio = encodeSpeech('hello', { sampleRateHz: 8000 })
    const starts: number[] = []
    const decoder = createSpeechDecoder({ onWord: (heard) => starts.push(heard.startMs) })
    decoder.push(audio.subarray(0, 800))
    decoder.flush()
    decoder.push(audio)
    decoder.push(audio.subarray(0, 800))
    decoder.reset()
    decoder.push(audio)
    expect(starts.map((ms) => Math.round(ms / 10) * 10)).toEqual([100, 0])
  })

  it('yields nothing for a text without words', () => {
    expect(encodeSpeech(' \n ', { sampleRateHz: 8000 })).toHaveLength(0)
    expect(decodeSpeech(new Int16Array(8000))).toBe('')
  })

  it('counts as one stretch of speech for the voice activity detector, at about -15 dBFS', async () => {
    await loadVoiceActivity()
    const text =
      'I would like to book an appointment, please. Tomorrow at three would be great. Is that possible?'
    const audio = encodeSpeech(text, { sampleRateHz: 8000 })
    expect(levelDbfs(audio.subarray(0, 960))).toBeCloseTo(-15.5, 0)
    const detector = createVoiceActivityDetector()
    const line = encodeMulaw(concat([after(8000, audio), new Int16Array(8000)]))
    const events: string[] = []
    for (let at = 0; at + 160 <= line.length; at += 160) {
      const event = detector.push(line.subarray(at, at + 160), at / 8)
      if (event) events.push(`${event.type} ${Math.round(event.atMs / 100) / 10}`)
    }
    detector.close()
    const endSeconds = Math.round((1000 + audio.length / 8) / 100) / 10
    expect(events).toEqual(['speech-started 1', `speech-stopped ${endSeconds}`])
  })
})

describe('a recording given with its text', () => {
  it('carries its words under its own sound', () => {
    const text = 'This is a recorded voice.'
    const recording = humming(3)
    const mixed = mixSpeech(recording, text)
    expect(decodeSpeech(decodeMulaw(encodeMulaw(mixed)))).toBe(text)
    expect(mixed).toHaveLength(recording.length)
    expect(correlation(mixed, recording)).toBeGreaterThan(0.5)
  })

  it('grows when its words need longer than it lasts', () => {
    const text = 'These are a good many more words than that.'
    expect(decodeSpeech(mixSpeech(humming(0.5), text))).toBe(text)
  })
})

function hear(chunks: readonly Int16Array[]): { text: string; words: HeardWord[]; damagedMs: number[] } {
  const words: HeardWord[] = []
  const damagedMs: number[] = []
  const decoder = createSpeechDecoder({
    onWord: (heard) => words.push(heard),
    onDamaged: (ms) => damagedMs.push(ms),
  })
  for (const chunk of chunks) decoder.push(chunk)
  decoder.flush()
  return { text: words.map((heard) => heard.text).join(' '), words, damagedMs }
}

function inChunks(audio: Int16Array, sizes: readonly number[]): Int16Array[] {
  const chunks: Int16Array[] = []
  for (let at = 0; at < audio.length; ) {
    const size = sizes[chunks.length % sizes.length] ?? 160
    chunks.push(audio.subarray(at, at + size))
    at += size
  }
  return chunks
}

function after(samples: number, audio: Int16Array): Int16Array {
  return concat([new Int16Array(samples), audio])
}

function concat(parts: readonly Int16Array[]): Int16Array {
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function withNoise(audio: Int16Array, dbfs: number, seed: number): Int16Array {
  let state = seed | 0 || 1
  const peak = 32768 * 10 ** (dbfs / 20) * Math.sqrt(3)
  return audio.map((sample) => {
    state = (Math.imul(state, 1103515245) + 12345) | 0
    return Math.max(-32768, Math.min(32767, Math.round(sample + (state / 2 ** 31) * peak)))
  })
}

/** Something like a voiced sound: a gliding fundamental with falling harmonics. */
function humming(seconds: number): Int16Array {
  let phase = 0
  return Int16Array.from({ length: seconds * 8000 }, (_, i) => {
    phase += (2 * Math.PI * (130 + 40 * Math.sin(i / 3000))) / 8000
    let sum = 0
    for (let k = 1; k <= 12; k++) sum += Math.sin(k * phase) / k
    return Math.round(5000 * sum)
  })
}

function correlation(a: Int16Array, b: Int16Array): number {
  let product = 0
  let powerA = 0
  let powerB = 0
  for (const [i, sample] of b.entries()) {
    const other = a[i] ?? 0
    product += other * sample
    powerA += other * other
    powerB += sample * sample
  }
  return product / Math.sqrt(powerA * powerB)
}
