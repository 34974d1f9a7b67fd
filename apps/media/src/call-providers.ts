import type { AssistantSettings } from '@phonevoice/contracts'
import {
  createOpenAiCompatibleTts,
  createOpenAiLlm,
  createOpenAiRealtimeStt,
  type LlmProvider,
  type SttProvider,
  type TtsProvider,
} from '@phonevoice/providers'
import type { CallForSession } from '@phonevoice/services/calls'
import { signWebhook } from '@phonevoice/signing'

/** Where providers are, by the mode of the call. */
export interface ProviderAccess {
  openai: ProviderServer
  /** An OpenAI-compatible voice server. */
  voice: ProviderServer
}

export interface ProviderServer {
  baseUrl: string
  apiKey: string | null
  /** Keeps connections between turns, which the platform's `fetch` does not. Default: the platform's. */
  fetch?: typeof fetch
}

export interface CallProviders {
  transcribers: SttProvider[]
  answers: { llm: LlmProvider; temperature: number | null; firstTokenTimeoutMs: number }[]
  voices: { tts: TtsProvider; speed: number }[]
}

export interface CallProvidersOptions {
  access: ProviderAccess
  /** For users' own endpoints: checks the address of every connection. */
  guardedFetch: typeof fetch
  now(): number
}

/** The providers of one call: what its assistant names, then its fallbacks. Nothing in them is shared with another call. */
export function createCallProviders(call: CallForSession, options: CallProvidersOptions): CallProviders {
  const { llm, transcriber, voice } = call.assistant
  return {
    transcribers: withFallback<TranscriberSettings>(transcriber).map(({ model }) =>
      createOpenAiRealtimeStt({ ...options.access.openai, model }),
    ),
    answers: withFallback<LlmSettings>(llm).map((settings) => ({
      llm: createLlm(call, settings, options),
      temperature: settings.temperature,
      firstTokenTimeoutMs: settings.timeout_ms,
    })),
    voices: withFallback<VoiceSettings>(voice).map(({ model, voice_id, speed }) => ({
      tts: createOpenAiCompatibleTts({ ...options.access.voice, model, voiceId: voice_id }),
      speed,
    })),
  }
}

type LlmSettings = Omit<AssistantSettings['llm'], 'fallback' | 'filler_after_ms'>
type TranscriberSettings = Omit<AssistantSettings['transcriber'], 'fallback'>
type VoiceSettings = Omit<AssistantSettings['voice'], 'fallback'>

function createLlm(call: CallForSession, settings: LlmSettings, options: CallProvidersOptions): LlmProvider {
  if (settings.provider === 'openai')
    return createOpenAiLlm({ ...options.access.openai, model: settings.model, isCustom: false })
  return createOpenAiLlm({
    apiKey: null,
    baseUrl: settings.url ?? '',
    model: settings.model,
    headers: settings.headers,
    isCustom: true,
    fetch: options.guardedFetch,
    signRequest: (body) => ({
      'PhoneVoice-Signature': signWebhook({
        secret: call.webhookSecret,
        body,
        timestampSeconds: Math.floor(options.now() / 1000),
      }),
    }),
  })
}

function withFallback<S extends object>(settings: S & { fallback: S | null }): S[] {
  return settings.fallback === null ? [settings] : [settings, settings.fallback]
}
