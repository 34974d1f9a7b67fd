import { createTestClock, ProviderError, silentLog } from '@phonevoice/base'
import type { LlmPart, LlmProvider, LlmRequest, LlmUsage } from '@phonevoice/providers/contract'
import { describe, expect, test } from 'vitest'
import { ANSWER_CHARACTERS_MAX, type AnswersOptions, createAnswers } from './answers.ts'

const usage: LlmUsage = { inputTokens: 50, cachedInputTokens: 0, outputTokens: 7, isMeasured: true }
const delta = (text: string): LlmPart => ({ type: 'text-delta', text })
const finish: LlmPart = { type: 'finish', reason: 'stop', usage }
const failure = new ProviderError('down', { vendor: 'test', operation: 'chat', category: 'server' })

/** A model that is told part by part what to send. */
function createModel(provider: string) {
  const requests: LlmRequest[] = []
  let waiting: (() => void) | null = null
  const parts: (LlmPart | Error | 'end')[] = []
  const llm: LlmProvider = {
    provider,
    model: 'm',
    async *stream(request) {
      requests.push(request)
      request.signal.addEventListener('abort', () => waiting?.())
      for (;;) {
        while (parts.length === 0 && !request.signal.aborted) {
          await new Promise<void>((resolve) => {
            waiting = resolve
          })
        }
        const part = parts.shift()
        if (request.signal.aborted || part === undefined || part === 'end') return
        if (part instanceof Error) throw part
        yield part
      }
    },
    completeJson: () => Promise.reject(failure),
  }
  const send = async (...more: (LlmPart | Error | 'end')[]) => {
    parts.push(...more)
    waiting?.()
    await settle()
  }
  return { llm, requests, send }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve()
}

function setUp(models: ReturnType<typeof createModel>[]) {
  const told: string[] = []
  const clock = createTestClock()
  const options: AnswersOptions = {
    providers: models.map(({ llm }) => ({ llm, temperature: null, firstTokenTimeoutMs: 5000 })),
    instructions: 'Be kind.',
    tools: [],
    callId: 'call_1',
    user: 'u',
    metadata: {},
    onText: (id, text) => told.push(`${id} ${text}`),
    onTools: (id, calls) => told.push(`${id} calls ${calls.map(({ name }) => name).join(' ')}`),
    onFinished: (id) => told.push(`${id} finished`),
    onBrokenOff: (id) => told.push(`${id} broken off`),
    onFailed: (id) => told.push(`${id} failed`),
    onUsage: (llm, { outputTokens, isMeasured }, isWasted) =>
      told.push(
        `usage ${llm.provider} ${outputTokens}${isMeasured ? '' : ' estimated'}${isWasted ? ' wasted' : ''}`,
      ),
    timers: clock,
    log: silentLog,
  }
  return { told, clock, answers: createAnswers(options) }
}

describe('an answer', () => {
  test('comes from the first model, and its usage is counted', async () => {
    const model = createModel('one')
    const { told, answers, clock } = setUp([model])
    answers.start('r1', [{ role: 'user', text: 'Hi.' }], { isEarly: false })
    await model.send(delta('Hel'), delta('lo.'), finish, 'end')
    expect(told).toEqual(['r1 Hel', 'r1 lo.', 'usage one 7', 'r1 finished'])
    expect(model.requests[0]?.messages).toEqual([
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Hi.' },
    ])
    expect(clock.pendingTimers).toBe(0)
  })

  test('ends where nobody would listen any longer, and its model is stopped and paid', async () => {
    const model = createModel('endless')
    const { told, answers } = setUp([model])
    answers.start('r1', [], { isEarly: false })
    for (let i = 0; i < 25; i++) await model.send(delta('and on '.repeat(100)))
    await model.send('end')
    const spoken = told.filter((line) => line.startsWith('r1 and on'))
    expect(spoken.join('').length).toBeLessThanOrEqual(ANSWER_CHARACTERS_MAX + 500)
    expect(told.slice(-2)).toEqual([expect.stringMatching(/^usage endless \d+ estimated$/), 'r1 finished'])
  })

  test('comes from the fallback at once when the first model fails before a word', async () => {
    const [one, two] = [createModel('one'), createModel('two')]
    const { told, answers } = setUp([one, two])
    answers.start('r1', [], { isEarly: false })
    await one.send(failure)
    await two.send(delta('Hello.'), finish, 'end')
    expect(told).toEqual(['r1 Hello.', 'usage two 7', 'r1 finished'])
  })

  test('is asked of the fallback as well after 1.5 s; who speaks first is heard, and the other is stopped and paid', async () => {
    const [one, two] = [createModel('one'), createModel('two')]
    const { told, answers, clock } = setUp([one, two])
    answers.start('r1', [{ role: 'user', text: 'Hi.' }], { isEarly: false })
    await settle()
    clock.advance(1499)
    expect(two.requests).toHaveLength(0)
    clock.advance(1)
    await settle()
    expect(two.requests).toHaveLength(1)
    await two.send(delta('Hello.'))
    expect(one.requests[0]?.signal.aborted).toBe(true)
    await two.send(finish, 'end')
    expect(told).toEqual(['usage one 0 estimated', 'r1 Hello.', 'usage two 7', 'r1 finished'])
    expect(clock.pendingTimers).toBe(0)
  })

  test('of a slow first model is still taken when it comes before the fallback’s', async () => {
    const [one, two] = [createModel('one'), createModel('two')]
    const { told, answers, clock } = setUp([one, two])
    answers.start('r1', [], { isEarly: false })
    await settle()
    clock.advance(1500)
    await settle()
    await one.send(delta('Late.'), finish, 'end')
    expect(two.requests[0]?.signal.aborted).toBe(true)
    expect(told.filter((line) => line.startsWith('r1'))).toEqual(['r1 Late.', 'r1 finished'])
  })

  test('that breaks off after its first word is reported as that, and nobody else is asked', async () => {
    const [one, two] = [createModel('one'), createModel('two')]
    const { told, answers, clock } = setUp([one, two])
    answers.start('r1', [], { isEarly: false })
    await one.send(delta('I can'), failure)
    expect(told).toEqual(['r1 I can', 'usage one 2 estimated', 'r1 broken off'])
    clock.advance(10_000)
    expect(two.requests).toHaveLength(0)
  })

  test('fails when nobody is left', async () => {
    const [one, two] = [createModel('one'), createModel('two')]
    const { told, answers } = setUp([one, two])
    answers.start('r1', [], { isEarly: false })
    await one.send(failure)
    await two.send(failure)
    expect(told).toEqual(['r1 failed'])
  })

  test('that is cancelled says nothing more, and is paid as far as it came', async () => {
    const model = createModel('one')
    const { told, answers } = setUp([model])
    answers.start('r1', [], { isEarly: false })
    await model.send(delta('12345678'))
    answers.cancel('r1')
    await model.send(delta('more'), finish, 'end')
    expect(told).toEqual(['r1 12345678', 'usage one 2 estimated'])
  })
})

describe('an answer begun early', () => {
  test('is paid as an answer when it is adopted, whether before or after it was complete', async () => {
    for (const isLate of [false, true]) {
      const model = createModel('one')
      const { told, answers } = setUp([model])
      answers.start('r1', [], { isEarly: true })
      if (!isLate) answers.adopt('r1')
      await model.send(delta('Yes.'), finish, 'end')
      expect(told.includes('usage one 7')).toBe(!isLate)
      if (isLate) answers.adopt('r1')
      expect(told).toContain('usage one 7')
    }
  })

  test('is paid as wasted when it is cancelled, whether before or after it was complete', async () => {
    for (const isLate of [false, true]) {
      const model = createModel('one')
      const { told, answers } = setUp([model])
      answers.start('r1', [], { isEarly: true })
      await model.send(delta('12345678'))
      if (isLate) await model.send(finish, 'end')
      answers.cancel('r1')
      await settle()
      expect(told.filter((line) => line.startsWith('usage'))).toEqual([
        isLate ? 'usage one 7 wasted' : 'usage one 2 estimated wasted',
      ])
    }
  })

  test('tells the model so', async () => {
    const model = createModel('one')
    const { answers } = setUp([model])
    answers.start('r1', [], { isEarly: true })
    await settle()
    expect(model.requests[0]?.metadata).toEqual({ early_thinking: 'true' })
    answers.close()
  })
})
