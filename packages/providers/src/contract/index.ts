export type * from './http.ts'
export type * from './llm.ts'
export type * from './stt.ts'
export type * from './tts.ts'
