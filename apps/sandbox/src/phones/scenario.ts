import { z } from 'zod'

/** Longest single wait in a scenario, milliseconds. */
const WAIT_MS_MAX = 600_000
const waitMs = z.number().int().min(0).max(WAIT_MS_MAX)
const text = z.string().min(1).max(2000)
/** About 90 s of 16-bit audio at 8 kHz, in base64. */
const WAV_BASE64_MAX = 2_000_000

/**
 * One thing a phone does; steps run one after the other. All times are milliseconds. A phone knows only what it hears: "the assistant"
 * below is any sound on the line.
 */
export const stepSchema = z.discriminatedUnion('do', [
  /** Wait until the assistant has said something after this step began and has then been silent for `silence_ms`. Nothing heard for `timeout_ms`: go on, or hang up. */
  z.strictObject({
    do: z.literal('listen'),
    silence_ms: waitMs.default(700),
    timeout_ms: waitMs.default(20_000),
    on_timeout: z.enum(['go-on', 'hang-up']).default('go-on'),
  }),
  /** Wait until the assistant has been talking for `speaking_ms` without a break. */
  z.strictObject({
    do: z.literal('wait-for-speech'),
    speaking_ms: waitMs.default(1000),
    timeout_ms: waitMs.default(20_000),
    on_timeout: z.enum(['go-on', 'hang-up']).default('go-on'),
  }),
  /** Wait until these words have been heard, anywhere in the call. */
  z.strictObject({
    do: z.literal('wait-for-words'),
    words: text,
    timeout_ms: waitMs.default(20_000),
    on_timeout: z.enum(['go-on', 'hang-up']).default('go-on'),
  }),
  /** Speak. `interrupts` measures when the assistant falls silent; `cut_after_ms` stops in the middle. */
  z.strictObject({
    do: z.literal('say'),
    text,
    speed: z.number().min(0.5).max(2).optional(),
    cut_after_ms: waitMs.optional(),
    interrupts: z.boolean().default(false),
  }),
  z.strictObject({ do: z.literal('pause'), ms: waitMs }),
  /** Press keys, one every `gap_ms`. */
  z.strictObject({
    do: z.literal('press'),
    digits: z.string().regex(/^[0-9*#]{1,32}$/),
    gap_ms: waitMs.default(250),
  }),
  /** A cough-like sound without words. */
  z.strictObject({
    do: z.literal('noise'),
    ms: waitMs.default(300),
    level: z.number().min(0).max(1).default(0.2),
  }),
  z.strictObject({
    do: z.literal('beep'),
    ms: waitMs.default(500),
    hz: z.number().min(100).max(3400).default(1000),
  }),
  /** Play a WAV (base64) with its text mixed in. Without a WAV, a built-in sound. */
  z.strictObject({ do: z.literal('play'), wav: z.string().max(WAV_BASE64_MAX).optional(), text }),
  z.strictObject({ do: z.literal('hang-up') }),
])

/** How a phone behaves when it is called, and what it does on the line. */
export const scenarioSchema = z.strictObject({
  name: z.string().min(1).max(100).default('custom'),
  description: z.string().max(500).default(''),
  /** What happens when this number is dialled. Only `answers` ever runs steps. A phone that calls in ignores this. */
  when_called: z.enum(['answers', 'busy', 'no-answer', 'unreachable']).default('answers'),
  /** Ringing before it answers (or is found busy). */
  ring_ms: z.number().int().min(0).max(120_000).default(700),
  voice: z.string().max(50).optional(),
  /** Run the steps this many times. */
  repeat: z.number().int().min(1).max(1000).default(1),
  steps: z.array(stepSchema).max(100).default([]),
  /** When the steps have run out: stay on the line in silence, or hang up. */
  at_end: z.enum(['stay', 'hang-up']).default('stay'),
  /** A person does not stay for ever: hang up after this long on the line. */
  max_call_ms: z
    .number()
    .int()
    .min(0)
    .max(4 * 3_600_000)
    .default(600_000),
})

export type Step = z.infer<typeof stepSchema>
export type Scenario = z.infer<typeof scenarioSchema>
/** What may be written: everything with a default may be left out. */
export type ScenarioInput = z.input<typeof scenarioSchema>
