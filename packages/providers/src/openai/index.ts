export { createOpenAiLlm } from './llm.ts'
export type { OpenAiLlmOptions, OpenAiRealtimeSttOptions, OpenAiRealtimeTtsOptions } from './options.ts'
export { createOpenAiRealtimeStt } from './realtime-stt.ts'
export { createOpenAiRealtimeTts } from './realtime-tts.ts'
