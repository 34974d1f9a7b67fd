/** What an assistant gets whose provider is named without a model or a voice. None of these is about to be shut down by its vendor (November 2026). */

export const TRANSCRIBER_DEFAULTS = {
  openai: { model: 'gpt-live-transcribe' },
  deepgram: { model: 'nova-3' },
  'deepgram-flux': { model: 'flux-general-en' },
} as const

export const VOICE_DEFAULTS = {
  'openai-compatible': { model: 'kokoro', voice_id: 'af_heart' },
  openai: { model: 'gpt-realtime-2.1-mini', voice_id: 'marin' },
  deepgram: { model: 'aura-2', voice_id: 'thalia-en' },
  elevenlabs: { model: 'eleven_flash_v2_5', voice_id: 'JBFqnCBsd6RMkjVDRZzb' },
} as const
