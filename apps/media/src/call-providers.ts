import type { AssistantSettings } from '@phonevoice/contracts'
import {
  createDeepgramFluxStt,
  createDeepgramListenStt,
  createDeepgramTts,
  createElevenLabsTts,
  createOpenAiCompatibleTts,
  createOpenAiLlm,
  createOpenAiRealtimeStt,
  createOpenAiRealtimeTts,
  type HttpSend,
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
  deepgram: ProviderServer
  elevenlabs: ProviderServer
}

export interface ProviderServer {
  baseUrl: string
  apiKey: string | null
  /** Keeps connections between turns, which the platform's `fetch` does not. Default: the platform's. */
  fetch?: HttpSend
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
    transcribers: withFallback<TranscriberSettings>(transcriber).map((settings) =>
      createTranscriber(settings, options.access),
    ),
    answers: withFallback<LlmSettings>(llm).map((settings) => ({
      llm: createLlm(call, settings, options),
      temperature: settings.temperature,
      firstTokenTimeoutMs: settings.timeout_ms,
    })),
    voices: withFallback<VoiceSettings>(voice).map((settings) => ({
      tts: createVoice(settings, options.access),
      speed: settings.speed,
    })),
  }
}

type LlmSettings = Omit<AssistantSettings['llm'], 'fallback' | 'filler_after_ms'>
type TranscriberSettings = Omit<AssistantSettings['transcriber'], 'fallback'>
type VoiceSettings = Omit<AssistantSettings['voice'], 'fallback'>

function createTranscriber({ provider, model }: TranscriberSettings, access: ProviderAccess): SttProvider {
  switch (provider) {
    case 'openai':
      return createOpenAiRealtimeStt({ ...access.openai, model })
    case 'deepgram':
      return createDeepgramListenStt({ ...access.deepgram, model })
    case 'deepgram-flux':
      return createDeepgramFluxStt({ ...access.deepgram, model })
    default:
      return provider satisfies never
  }
}

function createVoice({ provider, model, voice_id }: VoiceSettings, access: ProviderAccess): TtsProvider {
  const voice = { model, voiceId: voice_id }
  switch (provider) {
    case 'openai-compatible':
      return createOpenAiCompatibleTts({ ...access.voice, ...voice })
    case 'openai':
      return createOpenAiRealtimeTts({ ...access.openai, ...voice })
    case 'deepgram':
      return createDeepgramTts({ ...access.deepgram, ...voice })
    case 'elevenlabs':
      return createElevenLabsTts({ ...access.elevenlabs, ...voice })
    default:
      return provider satisfies never
  }
}

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
