import { spawnSync } from 'node:child_process'
import { createResampler } from '@phonevoice/audio'
import { describe, expect, it } from 'vitest'
import { decodeSpeech } from './decode-speech.ts'
import { speakAudibly } from './speak-audibly.ts'

const hasEspeak = spawnSync('espeak-ng', ['--version']).status === 0

describe('audible speech', () => {
  it.runIf(hasEspeak)('carries words that can still be read', async () => {
    const text = 'Hello, I would like to book an appointment, please.'
    const audio = await speakAudibly(text, { sampleRateHz: 24000 })
    expect(decodeSpeech(createResampler({ fromHz: 24000, toHz: 8000 }).process(audio!))).toBe(text)
  })

  it.runIf(hasEspeak)('is nothing when it was cancelled', async () => {
    expect(await speakAudibly('Hello.', { sampleRateHz: 8000, signal: AbortSignal.abort() })).toBeNull()
  })

  it.skipIf(hasEspeak)('is nothing where the program is missing', async () => {
    expect(await speakAudibly('Hello.', { sampleRateHz: 8000 })).toBeNull()
  })
})
