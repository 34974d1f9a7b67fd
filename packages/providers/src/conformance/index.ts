export type { LlmFixture, SttFixture, TtsFixture } from './fixtures.ts'
export { describeLlm } from './llm.ts'
export { describeStt } from './stt.ts'
export { describeTts } from './tts.ts'
