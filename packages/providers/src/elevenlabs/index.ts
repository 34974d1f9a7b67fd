export type { ElevenLabsTtsOptions } from './options.ts'
export { createElevenLabsTts } from './tts.ts'
