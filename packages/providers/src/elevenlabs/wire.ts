/** The request of ElevenLabs' "Stream speech" (elevenlabs.io/docs/api-reference/text-to-speech/stream), asked for the carrier's own μ-law. */

/** What the smallest of today's models takes. */
export const TEXT_LENGTH_MAX = 5_000
/** Speeds beyond these are refused. */
const SPEED_MIN = 0.7
const SPEED_MAX = 1.2
/** Models that can be told the language; the others answer with an error. */
const LANGUAGE_MODELS = /_v2_5$|^eleven_v[34]/

export function streamUrl(baseUrl: string, voiceId: string): string {
  const url = new URL(baseUrl)
  const path = url.pathname.replace(/\/+$/, '')
  url.pathname = `${path}/v1/text-to-speech/${encodeURIComponent(voiceId)}/stream`
  url.searchParams.set('output_format', 'ulaw_8000')
  return url.href
}

/** Cheap, and the same host: opens a connection. */
export function modelsUrl(baseUrl: string): string {
  const url = new URL(baseUrl)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/models`
  return url.href
}

export interface StreamFields {
  model: string
  text: string
  speed: number
  /** BCP 47. */
  language: string
}

export function streamBody({ model, text, speed, language }: StreamFields): string {
  const code = language.split('-')[0]?.toLowerCase()
  return JSON.stringify({
    text,
    model_id: model,
    ...(code && LANGUAGE_MODELS.test(model) ? { language_code: code } : {}),
    ...(speed === 1 ? {} : { voice_settings: { speed: Math.min(SPEED_MAX, Math.max(SPEED_MIN, speed)) } }),
  })
}
