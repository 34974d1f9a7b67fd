import { costLineSchema, TRANSCRIBER_DEFAULTS, VOICE_DEFAULTS } from '@phonevoice/contracts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULT_RATES, priceUsage, RATE_CARD, type Rate, type Usage } from './index.ts'

const at = Date.parse('2026-11-20T12:00:00Z')
const known = fc.constantFrom(
  ...RATE_CARD.map(({ component, provider, model, unit }) => ({
    component,
    provider,
    model: model === '*' ? 'any' : model,
    unit,
  })),
)
const usage: fc.Arbitrary<Usage> = fc
  .tuple(
    known,
    fc.double({ min: 0, max: 1e7, noNaN: true }),
    fc.constantFrom('measured', 'estimated', 'carrier'),
    fc.boolean(),
  )
  .map(([what, quantity, source, isKnown]) => ({
    ...what,
    model: isKnown ? what.model : 'unheard-of',
    quantity,
    source: source as Usage['source'],
  }))

describe('pricing', () => {
  test('the cost is the exact sum of its lines, in whole micro-USD', () => {
    fc.assert(
      fc.property(fc.array(usage, { maxLength: 20 }), (items) => {
        const { lines, costMicroUsd } = priceUsage(items, at)
        expect(Number.isSafeInteger(costMicroUsd)).toBe(true)
        const sum = lines.reduce((total, line) => total + Math.round(line.amount * 1e6), 0)
        expect(sum).toBe(costMicroUsd)
        for (const line of lines) {
          costLineSchema.parse(line)
          expect(Math.abs(line.amount - (line.quantity * line.unit_price) / line.per)).toBeLessThanOrEqual(
            0.500001e-6,
          )
        }
      }),
    )
  })

  test('using more never costs less', () => {
    fc.assert(
      fc.property(
        fc.array(usage, { minLength: 1, maxLength: 5 }),
        fc.double({ min: 0, max: 1e5, noNaN: true }),
        (items, more) => {
          const [first, ...rest] = items as [Usage, ...Usage[]]
          const before = priceUsage(items, at).costMicroUsd
          expect(
            priceUsage([{ ...first, quantity: first.quantity + more }, ...rest], at).costMicroUsd,
          ).toBeGreaterThanOrEqual(before)
        },
      ),
    )
  })

  test('splitting a quantity over several records changes nothing', () => {
    fc.assert(
      fc.property(
        known,
        fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 10 }),
        (what, quantities) => {
          const whole = quantities.reduce((sum, quantity) => sum + quantity, 0)
          const record = (quantity: number): Usage => ({ ...what, quantity, source: 'measured' })
          expect(priceUsage(quantities.map(record), at)).toEqual(priceUsage([record(whole)], at))
        },
      ),
    )
  })

  test('a minute that has begun is paid', () => {
    const minutesOf = (seconds: number) =>
      priceUsage(
        [
          {
            component: 'carrier',
            provider: 'twilio',
            model: 'outbound',
            unit: 'second',
            quantity: seconds,
            source: 'carrier',
          },
        ],
        at,
      )
    expect(minutesOf(0).lines).toEqual([])
    expect(minutesOf(1).costMicroUsd).toBe(14_000)
    expect(minutesOf(60).costMicroUsd).toBe(14_000)
    expect(minutesOf(61).lines).toEqual([
      {
        component: 'carrier',
        provider: 'twilio',
        unit: 'minute',
        quantity: 2,
        unit_price: 0.014,
        per: 1,
        amount: 0.028,
        source: 'carrier',
      },
    ])
  })

  test('a call of one minute costs what its parts cost', () => {
    const item = (
      component: Usage['component'],
      provider: string,
      model: string,
      unit: Usage['unit'],
      quantity: number,
    ): Usage => ({
      component,
      provider,
      model,
      unit,
      quantity,
      source: 'measured',
    })
    const { costMicroUsd } = priceUsage(
      [
        item('carrier', 'twilio', 'outbound', 'second', 60),
        item('media_stream', 'twilio', '', 'second', 60),
        item('stt', 'openai', 'gpt-live-transcribe', 'second', 60),
        item('llm', 'openai', 'gpt-6-luna', 'input_token', 4500),
        item('llm', 'openai', 'gpt-6-luna', 'output_token', 180),
        item('tts', 'openai-compatible', 'tts-1', 'character', 450),
        item('analysis', 'openai', 'gpt-6-luna', 'input_token', 1000),
      ],
      at,
    )
    expect(costMicroUsd).toBe(14_000 + 4000 + 17_000 + 450 + 90 + 6750 + 100)
  })

  test('speech that a model makes is priced by its tokens', () => {
    const spoken = (unit: Usage['unit'], quantity: number): Usage => ({
      component: 'tts',
      provider: 'openai',
      model: 'gpt-realtime-2.1-mini',
      unit,
      quantity,
      source: 'measured',
    })
    const { lines, costMicroUsd } = priceUsage(
      [spoken('input_token', 1000), spoken('output_token', 200), spoken('output_audio_token', 1200)],
      at,
    )
    expect(costMicroUsd).toBe(600 + 480 + 24_000)
    expect(new Set(lines.map(({ source }) => source))).toEqual(new Set(['measured']))
  })

  test('what an assistant gets without naming a model is on the card', () => {
    const { 'openai-compatible': _ownServer, openai, ...voices } = VOICE_DEFAULTS
    const used: [Usage['component'], string, string, Usage['unit']][] = [
      ...Object.entries(TRANSCRIBER_DEFAULTS).map(
        ([provider, { model }]) => ['stt', provider, model, 'second'] satisfies (typeof used)[number],
      ),
      ...Object.entries(voices).map(
        ([provider, { model }]) => ['tts', provider, model, 'character'] satisfies (typeof used)[number],
      ),
      ['tts', 'openai', openai.model, 'output_audio_token'],
    ]
    for (const [component, provider, model, unit] of used) {
      const item: Usage = { component, provider, model, unit, quantity: 1000, source: 'measured' }
      expect(priceUsage([item], at).lines[0], `${provider} ${model}`).toMatchObject({ source: 'measured' })
    }
  })

  test('what is not on the card is estimated, and a user’s own endpoint is free', () => {
    const tts: Usage = {
      component: 'tts',
      provider: 'openai-compatible',
      model: 'kokoro',
      unit: 'character',
      quantity: 100,
      source: 'measured',
    }
    expect(priceUsage([tts], at).lines[0]).toMatchObject({ amount: 0.0015, source: 'estimated' })
    const own: Usage = {
      component: 'llm',
      provider: 'custom',
      model: 'mine',
      unit: 'output_token',
      quantity: 100,
      source: 'measured',
    }
    expect(priceUsage([own], at).lines[0]).toMatchObject({ amount: 0, source: 'measured' })
  })

  test('a price changes on its day', () => {
    const rate = { ...(RATE_CARD[0] as Rate), validFrom: '2026-01-01' }
    const card = [{ ...rate, validFrom: '2027-01-01', priceMicroUsd: 20_000 }, rate]
    const call: Usage[] = [
      {
        component: 'carrier',
        provider: 'twilio',
        model: 'outbound',
        unit: 'second',
        quantity: 60,
        source: 'carrier',
      },
    ]
    const costOn = (day: string) => priceUsage(call, Date.parse(day), card).costMicroUsd
    expect([costOn('2025-06-01'), costOn('2026-12-31T23:59:59Z'), costOn('2027-01-01')]).toEqual([
      14_000, 14_000, 20_000,
    ])
  })

  test('nothing that can be measured is without a default', () => {
    for (const { component, unit } of RATE_CARD)
      expect(DEFAULT_RATES.some((rate) => rate.component === component && rate.unit === unit)).toBe(true)
  })
})
