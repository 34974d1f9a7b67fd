/**
 * What usage costs, as dated list prices without commitments. Data, not constants: a price that changes is a further line with a later `validFrom`,
 * so a call is always priced as of the time it ended.
 */
import type { CostLine } from '@phonevoice/contracts'

export type UsageUnit = 'second' | 'input_token' | 'cached_input_token' | 'output_token' | 'character'

export interface Rate {
  /** `llm` rates also price the analysis and unused early answers. */
  component: Exclude<CostLine['component'], 'analysis' | 'early_thinking'>
  provider: string
  /** A model or, for the carrier, a direction; `*` is any. */
  model: string
  /** What is measured. */
  unit: UsageUnit
  /** `started-minutes`: seconds are rounded up to whole minutes, which are then the unit of the line. */
  billing: 'as-measured' | 'started-minutes'
  /** Whole micro-USD for `per` billed units. */
  priceMicroUsd: number
  per: number
  /** First day (UTC) on which it holds. */
  validFrom: string
  /** Where the price was read. */
  source: string
}

const MILLION = 1_000_000

interface TokenPrices {
  model: string
  /** USD per million tokens. */
  input: number
  cachedInput: number
  output: number
  validFrom: string
  source: string
}

function tokenRates(prices: TokenPrices): Rate[] {
  const { model, validFrom, source } = prices
  const rate = (unit: UsageUnit, usd: number): Rate => ({
    component: 'llm',
    provider: 'openai',
    model,
    unit,
    billing: 'as-measured',
    priceMicroUsd: Math.round(usd * MILLION),
    per: MILLION,
    validFrom,
    source,
  })
  return [
    rate('input_token', prices.input),
    rate('cached_input_token', prices.cachedInput),
    rate('output_token', prices.output),
  ]
}

const OPENAI_PRICES = 'OpenAI list prices, read in November 2026'
const TWILIO_PRICES = 'Twilio list prices for the United States, read in November 2026'

export const RATE_CARD: readonly Rate[] = [
  {
    component: 'carrier',
    provider: 'twilio',
    model: 'outbound',
    unit: 'second',
    billing: 'started-minutes',
    priceMicroUsd: 14_000,
    per: 1,
    validFrom: '2026-01-01',
    source: TWILIO_PRICES,
  },
  {
    component: 'carrier',
    provider: 'twilio',
    model: 'inbound',
    unit: 'second',
    billing: 'started-minutes',
    priceMicroUsd: 8500,
    per: 1,
    validFrom: '2026-01-01',
    source: TWILIO_PRICES,
  },
  {
    component: 'media_stream',
    provider: 'twilio',
    model: '*',
    unit: 'second',
    billing: 'started-minutes',
    priceMicroUsd: 4000,
    per: 1,
    validFrom: '2026-01-01',
    source: TWILIO_PRICES,
  },
  {
    component: 'stt',
    provider: 'openai',
    model: 'gpt-live-transcribe',
    unit: 'second',
    billing: 'as-measured',
    priceMicroUsd: 17_000,
    per: 60,
    validFrom: '2026-01-01',
    source: OPENAI_PRICES,
  },
  {
    component: 'stt',
    provider: 'openai',
    model: 'gpt-realtime-whisper',
    unit: 'second',
    billing: 'as-measured',
    priceMicroUsd: 17_000,
    per: 60,
    validFrom: '2026-01-01',
    source: OPENAI_PRICES,
  },
  {
    component: 'stt',
    provider: 'openai',
    model: 'gpt-transcribe',
    unit: 'second',
    billing: 'as-measured',
    priceMicroUsd: 4500,
    per: 60,
    validFrom: '2026-01-01',
    source: OPENAI_PRICES,
  },
  ...tokenRates({
    model: 'gpt-6-luna',
    input: 0.1,
    cachedInput: 0.01,
    output: 0.5,
    validFrom: '2026-01-01',
    source: OPENAI_PRICES,
  }),
  ...tokenRates({
    model: 'gpt-6-sol',
    input: 2,
    cachedInput: 2,
    output: 10,
    validFrom: '2026-01-01',
    source: OPENAI_PRICES,
  }),
  ...tokenRates({
    model: 'gpt-6.1-sol',
    input: 2,
    cachedInput: 2,
    output: 10,
    validFrom: '2026-01-01',
    source: OPENAI_PRICES,
  }),
  ...tokenRates({
    model: 'gpt-6-astra',
    input: 10,
    cachedInput: 1,
    output: 50,
    validFrom: '2026-01-01',
    source: OPENAI_PRICES,
  }),
  ...tokenRates({
    model: 'gpt-5.4-mini',
    input: 0.75,
    cachedInput: 0.075,
    output: 4.5,
    validFrom: '2026-01-01',
    source: OPENAI_PRICES,
  }),
  ...tokenRates({
    model: 'gpt-5.4',
    input: 2.5,
    cachedInput: 0.25,
    output: 15,
    validFrom: '2026-01-01',
    source: OPENAI_PRICES,
  }),
  // A user's own endpoint is paid by the user.
  ...(['input_token', 'cached_input_token', 'output_token'] as const).map(
    (unit): Rate => ({
      component: 'llm',
      provider: 'custom',
      model: '*',
      unit,
      billing: 'as-measured',
      priceMicroUsd: 0,
      per: MILLION,
      validFrom: '2026-01-01',
      source: 'Paid by the user to the vendor',
    }),
  ),
  ...['tts-1', 'gpt-4o-mini-tts'].map(
    (model): Rate => ({
      component: 'tts',
      provider: 'openai-compatible',
      model,
      unit: 'character',
      billing: 'as-measured',
      priceMicroUsd: 15 * MILLION,
      per: MILLION,
      validFrom: '2026-01-01',
      source: OPENAI_PRICES,
    }),
  ),
]

/**
 * For vendors and models that are not on the card: what comparable ones cost. Such a line says that it is estimated; nothing is ever free by
 * omission.
 */
export const DEFAULT_RATES: readonly Omit<Rate, 'provider' | 'model' | 'validFrom'>[] = [
  {
    component: 'carrier',
    unit: 'second',
    billing: 'started-minutes',
    priceMicroUsd: 14_000,
    per: 1,
    source: 'As an outbound call in the United States',
  },
  {
    component: 'media_stream',
    unit: 'second',
    billing: 'started-minutes',
    priceMicroUsd: 4000,
    per: 1,
    source: "As Twilio's Media Streams",
  },
  {
    component: 'stt',
    unit: 'second',
    billing: 'as-measured',
    priceMicroUsd: 17_000,
    per: 60,
    source: 'As gpt-live-transcribe',
  },
  {
    component: 'llm',
    unit: 'input_token',
    billing: 'as-measured',
    priceMicroUsd: 2 * MILLION,
    per: MILLION,
    source: 'As gpt-6-sol',
  },
  {
    component: 'llm',
    unit: 'cached_input_token',
    billing: 'as-measured',
    priceMicroUsd: 2 * MILLION,
    per: MILLION,
    source: 'As gpt-6-sol',
  },
  {
    component: 'llm',
    unit: 'output_token',
    billing: 'as-measured',
    priceMicroUsd: 10 * MILLION,
    per: MILLION,
    source: 'As gpt-6-sol',
  },
  {
    component: 'tts',
    unit: 'character',
    billing: 'as-measured',
    priceMicroUsd: 15 * MILLION,
    per: MILLION,
    source: 'As tts-1',
  },
]
