/** What vendors and the carrier will bill, as lines of a call's usage. */
import type { LlmProvider, LlmUsage, SttProvider, TtsProvider } from '@phonevoice/providers/contract'
import type { SpeechUsage } from './effects/speech-usage.ts'
import type { UsageLine } from './usage-meter.ts'

type NewUsageLine = Omit<UsageLine, 'key'>

export function sttUsage({ provider, model }: SttProvider, audioSeconds: number): NewUsageLine {
  return { component: 'stt', provider, model, unit: 'second', quantity: audioSeconds, source: 'measured' }
}

/** `isWasted`: the answer was begun early and not used. */
export function llmUsage(
  { provider, model }: LlmProvider,
  { inputTokens, cachedInputTokens, outputTokens, isMeasured }: LlmUsage,
  isWasted: boolean,
): NewUsageLine[] {
  const component = isWasted ? 'early_thinking' : 'llm'
  const line = { component, provider, model, source: isMeasured ? 'measured' : 'estimated' } as const
  return [
    { ...line, unit: 'input_token', quantity: inputTokens - cachedInputTokens },
    { ...line, unit: 'cached_input_token', quantity: cachedInputTokens },
    { ...line, unit: 'output_token', quantity: outputTokens },
  ]
}

export function ttsUsage(
  { provider, model }: TtsProvider,
  { unit, quantity, isMeasured }: SpeechUsage,
): NewUsageLine {
  return {
    component: 'tts',
    provider,
    model,
    unit,
    quantity,
    source: isMeasured ? 'measured' : 'estimated',
  }
}

/** The carrier bills the stream by the minute, whoever speaks. */
export function streamUsage(seconds: number): NewUsageLine {
  return {
    component: 'media_stream',
    provider: 'carrier',
    model: 'stream',
    unit: 'second',
    quantity: seconds,
    source: 'measured',
  }
}
