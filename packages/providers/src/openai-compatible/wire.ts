/** The request of OpenAI's "Create speech" (developers.openai.com, audio/speech), as local voice servers understand it too. */

/** The endpoint refuses longer texts. */
export const TEXT_LENGTH_MAX = 4096
/** Of `response_format: "pcm"`: signed 16-bit little-endian mono, no header. */
export const PCM_RATE_HZ = 24_000
const SPEED_MIN = 0.25
const SPEED_MAX = 4

export interface SpeechFields {
  model: string
  voiceId: string
  text: string
  speed: number
  instructions: string | undefined
}

export function speechUrl(baseUrl: string): string {
  const url = new URL(baseUrl)
  const path = url.pathname.replace(/\/+$/, '')
  url.pathname = path.endsWith('/audio/speech') ? path : `${path}/audio/speech`
  return url.href
}

/** Cheap, harmless and answered by every such server, if only with 404: opens a connection. */
export function modelsUrl(baseUrl: string): string {
  const url = new URL(speechUrl(baseUrl))
  url.pathname = url.pathname.replace(/\/audio\/speech$/, '/models')
  return url.href
}

export function speechBody({ model, voiceId, text, speed, instructions }: SpeechFields): string {
  return JSON.stringify({
    model,
    voice: voiceId,
    input: text,
    response_format: 'pcm',
    ...(speed === 1 ? {} : { speed: Math.min(SPEED_MAX, Math.max(SPEED_MIN, speed)) }),
    ...(instructions === undefined ? {} : { instructions }),
  })
}
