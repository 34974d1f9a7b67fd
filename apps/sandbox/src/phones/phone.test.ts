/** Phones are stepped frame by frame, so minutes of conversation take milliseconds. The assistant here is a small loop over the same frames. */
import { decodeMulaw, encodeMulaw, MULAW_FRAME_BYTES, MULAW_SILENCE } from '@phonevoice/audio'
import { expect, test } from 'vitest'
import { createSpeechDecoder } from '../speech/index.ts'
import { createPhone, type PhoneTick } from './phone.ts'
import type { PhoneReport } from './report.ts'
import { type ScenarioInput, scenarioSchema } from './scenario.ts'
import { BUILT_IN_SCENARIOS, isCustomizable } from './scenarios.ts'
import { speak } from './sounds.ts'

interface Run {
  report: PhoneReport
  /** What the other end of the line read from the phone's audio. */
  words: string
  hungUpAtMs: number | null
  digits: string
}

const STORY =
  'Once upon a time there was a king who had three daughters and a very old castle on a very high hill by the sea.'

/** Calls a phone. The assistant greets, then answers `replies[n]` when the phone has been silent for 500 ms after its nth sound; it stops when interrupted. */
function call(
  scenario: ScenarioInput | string,
  replies: string[],
  options: { yields?: boolean; limitMs?: number } = {},
): Run {
  const parsed =
    typeof scenario === 'string' ? BUILT_IN_SCENARIOS.get(scenario)! : scenarioSchema.parse(scenario)
  const phone = createPhone(parsed)
  const words: string[] = []
  const decoder = createSpeechDecoder({ onWord: ({ text }) => words.push(text) })
  let digits = ''
  let speech: Uint8Array | null = speak('Hello, this is the assistant.').mulaw
  let offset = 0
  let phoneSpokeMs = 0
  let silentMs = 0
  let heardSinceReply = false
  let reply = 0
  for (let nowMs = 0; nowMs < (options.limitMs ?? 60_000); nowMs += 20) {
    const heard = speech ? new Uint8Array(MULAW_FRAME_BYTES).fill(MULAW_SILENCE) : null
    if (speech && heard) {
      heard.set(speech.subarray(offset, offset + MULAW_FRAME_BYTES))
      offset += MULAW_FRAME_BYTES
      if (offset >= speech.length) speech = null
    }
    const tick: PhoneTick = phone.tick(heard)
    decoder.push(tick.frame ? decodeMulaw(tick.frame) : new Int16Array(MULAW_FRAME_BYTES))
    digits += tick.digit ?? ''
    if (tick.hangUp) {
      phone.finish()
      decoder.flush()
      return { report: phone.report(), words: words.join(' '), hungUpAtMs: nowMs, digits }
    }
    phoneSpokeMs = tick.frame ? phoneSpokeMs + 20 : 0
    silentMs = tick.frame ? 0 : silentMs + 20
    if (tick.frame) heardSinceReply = true
    if (options.yields && speech && phoneSpokeMs >= 300) speech = null
    if (!speech && heardSinceReply && silentMs >= 500 && reply < replies.length) {
      speech = speak(replies[reply++]!).mulaw
      offset = 0
      heardSinceReply = false
    }
  }
  phone.finish()
  return { report: phone.report(), words: words.join(' '), hungUpAtMs: null, digits }
}

test('the talking phone waits for the assistant each time and hangs up after the goodbye', () => {
  const run = call('+12025550100', ['When would you like to come?', 'Tuesday at ten.', 'Goodbye.'])
  expect(run.words).toBe(
    'Hello, I would like to book an appointment. Tuesday at ten in the morning, please. Thank you, goodbye.',
  )
  expect(run.report.heard.text).toBe(
    'Hello, this is the assistant. When would you like to come? Tuesday at ten. Goodbye.',
  )
  expect(run.hungUpAtMs).not.toBeNull()
  const [first] = run.report.said.utterances
  expect(first!.start_ms - run.report.heard.stretches[0]!.end_ms).toBeGreaterThanOrEqual(680)
})

test('a phone that hears nothing goes on after its patience', () => {
  const phone = createPhone(
    scenarioSchema.parse({ steps: [{ do: 'listen', timeout_ms: 1000, on_timeout: 'hang-up' }] }),
  )
  let ticks = 0
  while (!phone.tick(null).hangUp) ticks++
  expect(ticks).toBe(50)
})

test('the interrupting phone measures when it stopped hearing the assistant', () => {
  const run = call('+12025550105', [STORY, 'Yes?'], { yields: true })
  expect(run.report.interruptions).toHaveLength(1)
  expect(run.report.interruptions[0]!.latency_ms).toBe(300)
  expect(run.words).toContain('Stop. I have another question.')
  expect(run.report.heard.text).not.toContain('sea.')
})

test('an assistant that does not yield is found out', () => {
  const run = call('+12025550105', [STORY, 'Yes?'])
  expect(run.report.interruptions[0]!.latency_ms).toBeGreaterThan(1500)
})

test('the silent phone says nothing', () => {
  const run = call('+12025550106', [], { limitMs: 10_000 })
  expect([run.words, run.report.said.utterances, run.hungUpAtMs]).toEqual(['', [], null])
})

test('the impatient phone hangs up in the middle of its sentence', () => {
  const run = call('+12025550107', [])
  expect(run.words).toMatch(/^Hello, I wanted/)
  expect(run.words).not.toContain('prices')
  expect(run.report.said.text).toBe(run.words)
  expect(run.report.said.utterances[0]!.is_cut).toBe(true)
})

test('the keypad phone presses 4, 2 and hash', () => {
  const run = call('+12025550108', ['Thank you.', 'Goodbye.'])
  expect(run.digits).toBe('42#')
  expect(run.report.pressed.map(({ digit }) => digit).join('')).toBe('42#')
})

test('the backchannel phone says "uh huh" and coughs while the assistant goes on', () => {
  const run = call('+12025550109', [`${STORY} ${STORY}`, 'Goodbye.'])
  expect(run.words).toBe('Please tell me a long story. uh huh Thank you, goodbye.')
  const [story] = run.report.heard.stretches.filter(({ end_ms, start_ms }) => end_ms - start_ms > 5000)
  const uhHuh = run.report.said.utterances[1]!
  const cough = run.report.said.utterances[2]!
  expect(uhHuh.start_ms).toBeGreaterThan(story!.start_ms)
  expect(cough.end_ms).toBeLessThan(story!.end_ms)
})

test('the spelling phone pauses for 700 ms inside its number', () => {
  const run = call('+12025550110', [])
  const [first, second] = run.report.said.utterances
  expect(second!.start_ms - first!.end_ms).toBeGreaterThanOrEqual(680)
  expect(second!.start_ms - first!.end_ms).toBeLessThanOrEqual(740)
})

test('the voicemail greets, beeps and then listens', () => {
  const run = call('+12025550104', ['Please call us back.'], { limitMs: 30_000 })
  expect(run.words).toMatch(/^Hello, you have reached the voicemail/)
  expect(run.report.heard.text).toContain('Please call us back.')
  expect(run.report.said.utterances.at(-1)!.end_ms - run.report.said.utterances.at(-1)!.start_ms).toBe(500)
})

test('a recording is played with its text mixed in', () => {
  const run = call('+12025550112', ['From nine to five.', 'Goodbye.'])
  expect(run.words).toBe('This is a recording. What are your opening hours? Thank you, goodbye.')
})

test('a scenario waits for words, repeats and hangs up at its end', () => {
  const run = call(
    {
      steps: [
        { do: 'wait-for-words', words: 'assistant' },
        { do: 'say', text: 'Again.' },
      ],
      repeat: 3,
      at_end: 'hang-up',
    },
    [],
  )
  expect(run.words).toBe('Again. Again. Again.')
  expect(run.report.steps_left).toBe(0)
})

test('every built-in scenario is readable and the custom numbers do not touch them', () => {
  expect([...BUILT_IN_SCENARIOS.keys()]).toHaveLength(13)
  expect(['+12025550111', '+12025550190', '+12025551130', '+33155501130'].map(isCustomizable)).toEqual([
    false,
    false,
    false,
    false,
  ])
  expect(['+12025550112', '+12025550113', '+12025550189'].map(isCustomizable)).toEqual([true, true, true])
})

test('what a phone says decodes the same from its own bytes', () => {
  const { mulaw, words } = speak('Tuesday at ten')
  expect(words.map(({ text }) => text)).toEqual(['Tuesday', 'at', 'ten'])
  expect(encodeMulaw(decodeMulaw(mulaw)).length).toBe(mulaw.length)
})
