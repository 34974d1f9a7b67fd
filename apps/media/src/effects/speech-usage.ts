import type { TtsProvider, TtsTokens } from '@phonevoice/providers/contract'

/** Characters where the vendor counts them, else tokens. */
type SpeechUnit = 'character' | 'input_token' | 'cached_input_token' | 'output_token' | 'output_audio_token'

/** What a request to a voice costs, in the vendor's own unit. */
export interface SpeechUsage {
  unit: SpeechUnit
  quantity: number
  isMeasured: boolean
}

/** What is known to be billed as soon as a voice is asked; nothing where it bills tokens, which it reports itself. */
export function usageOfText(tts: TtsProvider, text: string): SpeechUsage[] {
  return tts.billedBy === 'tokens' ? [] : [{ unit: 'character', quantity: text.length, isMeasured: true }]
}

/** What a voice that bills tokens has reported. */
export function usageOfTokens(tokens: TtsTokens): SpeechUsage[] {
  const { isMeasured } = tokens
  return [
    { unit: 'input_token', quantity: tokens.inputTokens, isMeasured },
    { unit: 'cached_input_token', quantity: tokens.cachedInputTokens, isMeasured },
    { unit: 'output_token', quantity: tokens.outputTokens, isMeasured },
    { unit: 'output_audio_token', quantity: tokens.outputAudioTokens, isMeasured },
  ]
}
