export { answerOnce } from './answer-once.ts'
export type { Created, Idempotency } from './create-once.ts'
export { deleteOldIdempotencyKeys } from './delete-old-keys.ts'
