/**
 * Goal: what a caller hears is what is written down, whole calls long. Method: a media side that plays by the rules (`simulate.ts`) and callers whose
 * timing is random. What the machine does when nobody plays by the rules is held against laws by `npm run simulate`.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { simulate } from './simulate.ts'
import { testSettings } from './transcript-test.ts'
import { wordsOf } from './words.ts'

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
