import { expect, test } from 'vitest'
import { createPhone } from '../phones/phone.ts'
import { type ScenarioInput, scenarioSchema } from '../phones/scenario.ts'
import { BUILT_IN_SCENARIOS } from '../phones/scenarios.ts'
import {
  createDetector,
  MACHINE_DETECTION_DEFAULTS,
  type MachineDetection,
  type Verdict,
} from './machine-detection.ts'

/** Steps a phone that hears nothing until the detector has decided. */
function detect(scenario: ScenarioInput, mode: MachineDetection['mode']): Verdict {
  const hear = createDetector({ ...MACHINE_DETECTION_DEFAULTS, mode, isAsync: true, callback: null })
  const phone = createPhone(scenarioSchema.parse(scenario))
  for (;;) {
    const verdict = hear(phone.tick(null).frame)
    if (verdict) return verdict
  }
}

const VOICEMAIL = BUILT_IN_SCENARIOS.get('+12025550104')!
const greeting = 'You have reached our office and nobody is here to take your call at the moment.'

test('a short greeting followed by silence is a person', () => {
  const verdict = detect({ steps: [{ do: 'say', text: 'Hello?' }] }, 'Enable')
  expect(verdict.answeredBy).toBe('human')
  expect(verdict.durationMs).toBeLessThan(2500)
})

test('a long greeting is a machine, as soon as it is long', () => {
  const verdict = detect(VOICEMAIL, 'Enable')
  expect(verdict).toMatchObject({ answeredBy: 'machine_start' })
  expect(verdict.durationMs).toBeLessThan(3500)
})

test("the end of a machine's message is its beep, or silence when there is none", () => {
  expect(detect(VOICEMAIL, 'DetectMessageEnd').answeredBy).toBe('machine_end_beep')
  expect(detect({ steps: [{ do: 'say', text: greeting }] }, 'DetectMessageEnd').answeredBy).toBe(
    'machine_end_silence',
  )
})

test('nothing but silence is unknown after five seconds', () => {
  expect(detect({ steps: [] }, 'Enable')).toEqual({ answeredBy: 'unknown', durationMs: 5000 })
})

test('a machine that never stops talking is given up at the timeout', () => {
  const verdict = detect({ steps: [{ do: 'say', text: greeting }], repeat: 20 }, 'DetectMessageEnd')
  expect(verdict).toEqual({ answeredBy: 'machine_end_other', durationMs: 30_000 })
})
