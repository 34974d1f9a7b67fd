/**
 * What usage costs, as dated list prices without commitments. Data, not constants: a price that changes is a further line with a later `validFrom`,
 * so a call is always priced as of the time it ended.
 */
import type { CostLine } from '@phonevoice/contracts'

export type UsageUnit =
  | 'second'
  | 'input_token'
  | 'cached_input_token'
  | 'output_token'
  /** Of speech that a model makes itself. */
  | 'output_audio_token'
  | 'character'

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

/** A model of OpenAI's that speaks: USD per million tokens. */
function voiceTokenRates(prices: TokenPrices & { outputAudio: number }): Rate[] {
  const { model, validFrom, source } = prices
  const usd = {
    input_token: prices.input,
    cached_input_token: prices.cachedInput,
    output_token: prices.output,
    output_audio_token: prices.outputAudio,
  } as const
  return (Object.keys(usd) as (keyof typeof usd)[]).map((unit) => ({
    component: 'tts',
    provider: 'openai',
    model,
    unit,
    billing: 'as-measured',
    priceMicroUsd: Math.round(usd[unit] * MILLION),
    per: MILLION,
    validFrom,
    source,
  }))
}

function listeningRate(
  provider: string,
  model: string,
  usdPerMinute: number,
  validFrom: string,
  source: string,
): Rate {
  return {
    component: 'stt',
    provider,
    model,
    unit: 'second',
    billing: 'as-measured',
    priceMicroUsd: Math.round(usdPerMinute * MILLION),
    per: 60,
    validFrom,
    source,
  }
}

function speakingRate(
  provider: string,
  model: string,
  usdPerMillion: number,
  validFrom: string,
  source: string,
): Rate {
  return {
    component: 'tts',
    provider,
    model,
    unit: 'character',
    billing: 'as-measured',
    priceMicroUsd: Math.round(usdPerMillion * MILLION),
    per: MILLION,
    validFrom,
    source,
  }
}

const DEEPGRAM_LISTEN_PRICES = 'Deepgram list prices, streaming, as quoted on 1 August 2026'
const DEEPGRAM_FLUX_PRICES =
  'Deepgram list prices, as quoted in May (English) and on 4 November 2026 (multilingual)'
const DEEPGRAM_SPEAK_PRICES = 'Deepgram list prices, as quoted in May 2026'
const ELEVENLABS_PRICES = 'ElevenLabs API list prices, as quoted in May 2026; plans with credits differ'
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
  listeningRate('deepgram', 'nova-3', 0.0048, '2026-01-01', DEEPGRAM_LISTEN_PRICES),
  listeningRate('deepgram-flux', 'flux-general-en', 0.0065, '2026-01-01', DEEPGRAM_FLUX_PRICES),
  listeningRate('deepgram-flux', 'flux-general-multi', 0.0078, '2026-01-01', DEEPGRAM_FLUX_PRICES),
  speakingRate('deepgram', 'aura-2', 30, '2026-01-01', DEEPGRAM_SPEAK_PRICES),
  speakingRate('elevenlabs', 'eleven_flash_v2_5', 50, '2026-01-01', ELEVENLABS_PRICES),
  speakingRate('elevenlabs', 'eleven_flash_v2', 50, '2026-01-01', ELEVENLABS_PRICES),
  speakingRate('elevenlabs', 'eleven_multilingual_v2', 100, '2026-01-01', ELEVENLABS_PRICES),
  speakingRate('elevenlabs', 'eleven_v3', 100, '2026-01-01', ELEVENLABS_PRICES),
  ...voiceTokenRates({
    model: 'gpt-realtime-2.1-mini',
    input: 0.6,
    cachedInput: 0.06,
    output: 2.4,
    outputAudio: 20,
    validFrom: '2026-01-01',
    source: OPENAI_PRICES,
  }),
  ...['gpt-realtime-2.1', 'gpt-realtime-2'].flatMap((model) =>
    voiceTokenRates({
      model,
      input: 4,
      cachedInput: 0.4,
      output: 24,
      outputAudio: 64,
      validFrom: '2026-01-01',
      source: OPENAI_PRICES,
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
  ...(
    [
      ['input_token', 0.6],
      ['cached_input_token', 0.06],
      ['output_token', 2.4],
      ['output_audio_token', 20],
    ] as const
  ).map(([unit, usd]) => ({
    component: 'tts' as const,
    unit,
    billing: 'as-measured' as const,
    priceMicroUsd: Math.round(usd * MILLION),
    per: MILLION,
    source: 'As gpt-realtime-2.1-mini',
  })),
  {
    component: 'tts',
    unit: 'character',
    billing: 'as-measured',
    priceMicroUsd: 15 * MILLION,
    per: MILLION,
    source: 'As tts-1',
  },
]
