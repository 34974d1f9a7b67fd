export type * from './contract/index.ts'
export * from './openai/index.ts'
export * from './openai-compatible/index.ts'
