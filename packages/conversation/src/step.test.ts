/**
 * Goal: whatever comes, in whatever order, the machine stays lawful. Method: random events, made likely enough to matter by taking ids from what the
 * machine itself has asked for, and timers fired early, late, twice and unasked; after every step the laws are checked.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { simulate } from './simulate.ts'
import type { ConversationState } from './state.ts'
import { createConversation, openItemId } from './state.ts'
import { step } from './step.ts'
import { deepFreeze, testSettings } from './transcript-test.ts'
import type { ConversationEffect, ConversationEvent, ConversationSettings, TimerName } from './types.ts'
import { wordsOf } from './words.ts'

const texts = [
  ...[
    '',
    'Yes.',
    'uh huh',
    'stop',
    'I would like a table.',
    'My number is five five',
    'and',
    'thanks, goodbye',
    'Do you?',
    'one more thing',
  ],
  ...[
    'Sure. Let me see what we have for you. ',
    'We have a table at nine, and another at ten. ',
    '<hangup/>',
    '<han',
    '😀',
    'How many?',
  ],
]
const timers: TimerName[] = [
  ...([
    'end-of-turn',
    'barge-in',
    'pause',
    'silence',
    'keypad',
    'transcript',
    'goodbye',
    'max-duration',
    'stalled',
    'filler',
  ] as const),
]

type Make = (state: ConversationState, nowMs: number) => ConversationEvent

const text = fc.constantFrom(...texts)
const back = fc.nat(2)
const responseOf = (state: ConversationState, ago: number) => `r${state.agent.responses - ago}`
const itemOf = (state: ConversationState, ago: number) => `i${Math.max(1, state.caller.items - ago)}`

/** `weight` times as likely as a weight of 1. */
const events: { weight: number; arbitrary: fc.Arbitrary<Make> }[] = [
  {
    weight: 5,
    arbitrary: fc.nat(500).map((agoMs) => (_, nowMs) => ({ type: 'speech-started', atMs: nowMs - agoMs })),
  },
  {
    weight: 5,
    arbitrary: fc.nat(500).map((agoMs) => (_, nowMs) => ({ type: 'speech-stopped', atMs: nowMs - agoMs })),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('started', 'eager-end', 'resumed', 'end', null)
      .map((signal) => () => ({ type: 'turn-signal', signal })),
  },
  {
    weight: 3,
    arbitrary: text.map((said) => (state) => ({
      type: 'transcript-partial',
      itemId: openItemId(state),
      text: said,
    })),
  },
  {
    weight: 7,
    arbitrary: fc.tuple(text, back).map(([said, ago]) => (state) => ({
      type: 'transcript-final',
      itemId: itemOf(state, ago),
      text: said,
    })),
  },
  {
    weight: 1,
    arbitrary: back.map((ago) => (state) => ({ type: 'transcript-failed', itemId: itemOf(state, ago) })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('1', '2', '#').map((digit) => () => ({ type: 'key-pressed', digit })),
  },
  {
    weight: 8,
    arbitrary: fc.tuple(text, back).map(([said, ago]) => (state) => ({
      type: 'llm-delta',
      responseId: responseOf(state, ago >> 1),
      text: said,
    })),
  },
  {
    weight: 3,
    arbitrary: back.map((ago) => (state) => ({
      type: 'llm-finished',
      responseId: responseOf(state, ago >> 1),
    })),
  },
  ...(['clause-started', 'clause-played'] as const).map((type) => ({
    weight: 5,
    arbitrary: fc.tuple(back, fc.nat(3)).map(
      ([ago, clauseId]): Make =>
        (state) => ({ type, responseId: responseOf(state, ago >> 1), clauseId }),
    ),
  })),
  {
    weight: 6,
    arbitrary: fc.array(fc.nat(1500), { maxLength: 4 }).map((list) => (state) => ({
      type: 'playback-cleared',
      responseId: responseOf(state, 0),
      clauses: list.map((heardMs, clauseId) => ({
        clauseId,
        heardMs,
        durationMs: heardMs % 3 === 0 ? null : 1400,
      })),
    })),
  },
  {
    weight: 14,
    arbitrary: fc.nat().map((index) => (state) => {
      const armed = Object.keys(state.timers).filter((timer) => timer !== 'max-duration') as TimerName[]
      return { type: 'timer-fired', timer: armed[index % armed.length] ?? 'silence' }
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom(...timers).map((timer) => () => ({ type: 'timer-fired', timer })) },
]
const rareEvents: { weight: number; arbitrary: fc.Arbitrary<Make> }[] = [
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('order', 'look', 'end_call', 'press_keys', 'nonsense')
      .map((name) => (state) => ({
        type: 'llm-tools',
        responseId: responseOf(state, 0),
        calls: [{ id: `c${state.tools.used}`, name, arguments: '{"digits":"1"}' }],
      })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(text, back).map(([output, ago]) => (state) => ({
      type: 'tool-finished',
      callId: `c${state.tools.used - ago}`,
      output,
    })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(text, fc.boolean()).map(([said, isUrgent]) => () => ({
      type: 'say-requested',
      text: said,
      isUrgent,
    })),
  },
  { weight: 1, arbitrary: fc.constant(() => ({ type: 'keys-requested', digits: '12#' })) },
  { weight: 1, arbitrary: text.map((said) => () => ({ type: 'context-added', text: said })) },
  {
    weight: 1,
    arbitrary: fc.boolean().map((isSilenced) => () => ({ type: 'silence-requested', isSilenced })),
  },
  {
    weight: 1,
    arbitrary: fc.constant((state: ConversationState) => ({
      type: 'llm-broken-off',
      responseId: responseOf(state, 0),
    })),
  },
  {
    weight: 1,
    arbitrary: fc.constant((state: ConversationState) => ({
      type: 'llm-failed',
      responseId: responseOf(state, 0),
    })),
  },
  {
    weight: 1,
    arbitrary: fc.constant((state: ConversationState) => ({
      type: 'tts-failed',
      responseId: responseOf(state, 0),
      clauseId: 0,
    })),
  },
  { weight: 1, arbitrary: fc.constant(() => ({ type: 'stt-failed' })) },
  { weight: 1, arbitrary: fc.constant(() => ({ type: 'carrier-stopped' })) },
  {
    weight: 1,
    arbitrary: fc
      .option(text)
      .map((message) => () => ({ type: 'end-requested', reason: 'api_ended', message })),
  },
]
const common = fc.oneof(...events)
const ending = fc.oneof(...rareEvents)
const course = fc
  .tuple(
    fc.array(fc.tuple(common, fc.nat(800)), { maxLength: 70 }),
    fc.array(fc.tuple(fc.oneof(common, common, ending), fc.nat(800)), { maxLength: 25 }),
  )
  .map(([most, end]) => [...most, ...end])

const settingsOf = fc.record({
  firstMessage: fc.constantFrom(null, 'Hello! Are you well?'),
  disclosure: fc.constantFrom(null, 'This call is recorded.'),
  enabled: fc.boolean(),
  minWords: fc.constantFrom(0, 1, 3),
  earlyThinking: fc.boolean(),
  fillerAfterMs: fc.constantFrom(null, 900),
  language: fc.constantFrom('en', 'fr', 'xx'),
})

function settingsFor(
  choice: { enabled: boolean; minWords: number } & Partial<ConversationSettings>,
): ConversationSettings {
  const { enabled, minWords, ...rest } = choice
  return {
    ...testSettings,
    ...rest,
    interruption: { ...testSettings.interruption, enabled, minWords },
  }
}

function checkLaws(
  before: ConversationState,
  after: ConversationState,
  effects: readonly ConversationEffect[],
): void {
  const { call, caller, agent } = after
  const types = effects.map((effect) => effect.type)
  if (before.call.name === 'closed') expect(effects).toEqual([])
  if (types.includes('call-end')) expect(types.indexOf('call-end')).toBe(types.length - 1)
  expect(call.name === 'closed').toBe(before.call.name === 'closed' || types.includes('call-end'))
  expect(agent.name === 'idle').toBe(agent.response === null)
  // A thought is nobody's answer, and none outlives the turn it was for.
  if (after.thinking.thought !== null) {
    expect(agent.name).toBe('idle')
    expect(call.name).toBe('live')
    expect(caller.name).not.toBe('silent')
    expect(after.thinking.attempts).toBeLessThanOrEqual(3)
  }
  expect(agent.name === 'yielding').toBe(agent.yielding !== null)
  if (call.name !== 'closed') {
    expect(caller.name === 'silent').toBe(caller.spans.length === 0)
    expect(caller.spans.filter((span) => span.endMs === null)).toHaveLength(
      caller.name === 'speaking' ? 1 : 0,
    )
  }
  // Every call of a tool that the model is shown has its output right behind it.
  for (const effect of effects) {
    if (effect.type !== 'llm-start') continue
    effect.messages.forEach((message, index) => {
      const outputs = effect.messages.slice(index + 1, index + 1 + (message.toolCalls?.length ?? 0))
      expect(outputs.map((output) => output.toolCallId)).toEqual(
        (message.toolCalls ?? []).map(({ id }) => id),
      )
    })
  }
  for (const effect of effects) {
    if (effect.type === 'clause-speak' || (effect.type === 'llm-start' && !effect.isEarly))
      expect(effect.responseId).toBe(agent.response?.id)
    if (effect.type === 'clause-prepare') expect(effect.responseId).toBe(after.thinking.thought?.id)
    if (effect.type === 'utterance-finish') expect(effect.utterance.text.trim()).not.toBe('')
    if (effect.type === 'utterance-finish')
      expect(effect.utterance.endMs).toBeGreaterThanOrEqual(effect.utterance.startMs)
    if (effect.type === 'timer-set') expect(effect.delayMs).toBeGreaterThanOrEqual(0)
  }
  // No permanent silence, beside one that was ordered: beside the longest duration, something always will happen.
  if (call.name === 'live' && call.isSilenced) expect(after.timers['max-duration']).toBeDefined()
  else if (call.name === 'live' || call.name === 'closing') {
    expect(Object.keys(after.timers).filter((timer) => timer !== 'max-duration')).not.toEqual([])
  } else {
    expect(after.timers).toEqual({})
  }
  if (agent.yielding?.fate === 'undecided') {
    expect(after.timers.pause).toBeLessThanOrEqual(agent.yielding.sinceMs + 1200)
  }
}

describe('step', () => {
  test('any order of events ends in a legal state, and a closed call emits nothing', () => {
    let closed = 0
    fc.assert(
      fc.property(settingsOf, course, (choice, makes) => {
        let nowMs = 0
        let state = createConversation(settingsFor(choice))
        const apply = (event: ConversationEvent) => {
          const result = step(deepFreeze(state), event, nowMs)
          checkLaws(state, result.state, result.effects)
          state = result.state
        }
        apply({ type: 'call-started', history: [], resumed: false })
        for (const [make, afterMs] of makes) {
          nowMs += afterMs
          apply(make(state, nowMs))
        }
        if (state.call.name === 'closed') closed += 1
      }),
      { numRuns: 1500 },
    )
    expect(closed).toBeGreaterThan(100)
  }, 30_000)

  test('left alone, every call ends by its timers', () => {
    fc.assert(
      fc.property(settingsOf, course, (choice, makes) => {
        let nowMs = 0
        let state = createConversation(settingsFor(choice))
        const apply = (event: ConversationEvent) => {
          state = step(state, event, nowMs).state
        }
        apply({ type: 'call-started', history: [], resumed: false })
        for (const [make, afterMs] of makes) {
          nowMs += afterMs
          apply(make(state, nowMs))
        }
        for (let count = 0; state.call.name !== 'closed'; count++) {
          expect(count).toBeLessThan(60)
          const [timer, dueMs] =
            Object.entries(state.timers).toSorted((one, other) => one[1] - other[1])[0] ?? []
          nowMs = Math.max(nowMs, dueMs ?? nowMs)
          apply({ type: 'timer-fired', timer: timer as TimerName })
        }
      }),
      { numRuns: 500 },
    )
  }, 30_000)

  test('the same state, event and time give the same result, and the state survives being written down', () => {
    fc.assert(
      fc.property(course, (makes) => {
        let nowMs = 0
        let state = createConversation({ ...testSettings, firstMessage: 'Hello!' })
        state = step(state, { type: 'call-started', history: [], resumed: false }, nowMs).state
        for (const [make, afterMs] of makes) {
          nowMs += afterMs
          const event = make(state, nowMs)
          const result = step(state, event, nowMs)
          expect(step(JSON.parse(JSON.stringify(state)), event, nowMs)).toEqual(result)
          state = result.state
        }
      }),
      { numRuns: 100 },
    )
  })

  test('gives the id of the span being spoken, and of the next one between spans', () => {
    let state = createConversation(testSettings)
    const apply = (event: ConversationEvent, nowMs: number) => {
      state = step(state, event, nowMs).state
    }
    apply({ type: 'call-started', history: [], resumed: false }, 0)
    expect(openItemId(state)).toBe('i1')
    apply({ type: 'speech-started', atMs: 100 }, 100)
    expect(openItemId(state)).toBe('i1')
    apply({ type: 'speech-stopped', atMs: 500 }, 600)
    expect(openItemId(state)).toBe('i2')
  })
})

describe('a whole call', () => {
  const long =
    'Our hotel has forty rooms. All of them look out on the sea. Breakfast is served until ten every day.'

  test('is written down as it was heard, in order', () => {
    const result = simulate({
      settings: { ...testSettings, firstMessage: 'Hello! How can I help?' },
      answer: (messages) =>
        messages.length > 3 ? 'See you then. Goodbye! <hangup/>' : 'For how many people?',
      script: [
        { atMs: 3000, action: 'speak', durationMs: 1200, text: 'I would like to book a table.' },
        { atMs: 7000, action: 'speak', durationMs: 900, text: 'For two people, please.' },
      ],
      untilMs: 60_000,
    })
    expect(result.endedBecause).toBe('assistant_ended')
    expect(result.utterances.map(({ turn, role, text: said }) => `${turn} ${role}: ${said}`)).toEqual([
      '1 assistant: Hello! How can I help?',
      '2 user: I would like to book a table.',
      '3 assistant: For how many people?',
      '4 user: For two people, please.',
      '5 assistant: See you then. Goodbye!',
    ])
    expect(result.heard.join(' ')).toBe('Hello! How can I help? For how many people? See you then. Goodbye!')
  })

  test('an interruption leaves in the next request only what was heard, to within a word', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2200, max: 7000 }), (atMs) => {
        const result = simulate({
          settings: testSettings,
          answer: (messages) => (messages.length === 1 ? long : 'Fine.'),
          script: [
            { atMs: 0, action: 'speak', durationMs: 1000, text: 'Tell me about your hotel.' },
            {
              atMs,
              action: 'speak',
              durationMs: 1500,
              text: 'Actually, I would rather like to know the price.',
            },
          ],
          untilMs: 12_000,
        })
        const told = wordsOf(result.requests[1]?.[1]?.text ?? '').length
        const ear = wordsOf(result.heard.join(' ').replace(/Fine\..*/, '')).length
        expect(Math.abs(told - ear)).toBeLessThanOrEqual(1)
        expect(result.requests[1]?.at(-1)?.text).toBe('Actually, I would rather like to know the price.')
      }),
      { numRuns: 60 },
    )
  })

  test('a backchannel or a noise loses no word, whenever it comes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1700, max: 8000 }),
        fc.integer({ min: 40, max: 900 }),
        fc.constantFrom('', 'Uh huh.'),
        (atMs, durationMs, said) => {
          const result = simulate({
            settings: { ...testSettings, silence: { reprompt: null, timeoutMs: 5000, maxReprompts: 0 } },
            answer: () => long,
            script: [
              { atMs: 0, action: 'speak', durationMs: 1000, text: 'Tell me about your hotel.' },
              { atMs, action: 'speak', durationMs, text: said },
            ],
            untilMs: 60_000,
          })
          const words = wordsOf(long)
          let at = 0
          for (const word of wordsOf(result.heard.join(' '))) if (word === words[at]) at += 1
          expect(at).toBe(words.length)
          expect(result.utterances[1]?.text).toBe(long)
          expect(result.endedBecause).toBe('silence_timeout')
        },
      ),
      { numRuns: 80 },
    )
  })

  test('thinking early changes when an answer is heard, never what is said, asked or answered', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            text: fc.constantFrom(
              'I would like a table. But only outside.',
              'My number is five five five',
              'Yes.',
              'What are your hours?',
              'I need it for',
            ),
            durationMs: fc.integer({ min: 400, max: 2500 }),
            pauseMs: fc.integer({ min: 4000, max: 6000 }),
          }),
          { minLength: 1, maxLength: 4 },
        ),
        (said) => {
          let atMs = 500
          const script = said.map(({ text: words, durationMs, pauseMs }) => {
            const act = { atMs, action: 'speak' as const, durationMs, text: words }
            atMs += durationMs + pauseMs
            return act
          })
          const run = (earlyThinking: boolean) =>
            simulate({
              settings: { ...testSettings, earlyThinking },
              answer: (messages) =>
                `You said: ${wordsOf(messages.at(-1)?.text ?? '').join(' ')}. Go on, please.`,
              script,
              untilMs: atMs + 1000,
            })
          const [early, plain] = [run(true), run(false)]
          const told = ({ utterances }: typeof early) =>
            utterances.map(({ role, text: words }) => [role, words])
          expect(told(early)).toEqual(told(plain))
          // Case and punctuation of the last guess may differ from those of the final text.
          const asked = ({ requests }: typeof early) =>
            requests.map((messages) => messages.map(({ role, text: words }) => [role, ...wordsOf(words)]))
          expect(asked(early)).toEqual(asked(plain))
          expect(early.heard).toEqual(plain.heard)
          const firstAnswerMs = ({ utterances }: typeof early) =>
            utterances.find(({ role }) => role === 'assistant')?.startMs ?? 0
          expect(firstAnswerMs(early)).toBeLessThanOrEqual(firstAnswerMs(plain))
        },
      ),
      { numRuns: 60 },
    )
  })

  test('a caller who hangs up at any moment leaves every word that was said', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9000 }), (atMs) => {
        const result = simulate({
          settings: { ...testSettings, firstMessage: 'Hello!' },
          answer: () => long,
          script: [
            { atMs: 900, action: 'speak', durationMs: 1000, text: 'Tell me about your hotel.' },
            { atMs, action: 'hang-up' },
          ],
          untilMs: 20_000,
        })
        expect(result.endedBecause).toBe('caller_hung_up')
        const agent = result.utterances
          .filter(({ role }) => role === 'assistant')
          .map(({ text: said }) => said)
        const told = wordsOf(agent.join(' ')).length
        expect(Math.abs(told - result.heard.length)).toBeLessThanOrEqual(1)
        if (atMs > 1100) expect(result.utterances.some(({ role }) => role === 'user')).toBe(true)
      }),
      { numRuns: 60 },
    )
  })
})
