export type { OpenAiCompatibleTtsOptions } from './options.ts'
export { createOpenAiCompatibleTts } from './tts.ts'
