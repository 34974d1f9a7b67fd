export { createOpenAiLlm } from './llm.ts'
export type { OpenAiLlmOptions, OpenAiRealtimeSttOptions } from './options.ts'
export { createOpenAiRealtimeStt } from './realtime-stt.ts'
