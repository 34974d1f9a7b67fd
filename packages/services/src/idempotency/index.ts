export { deleteOldIdempotencyKeys } from './delete-old-keys.ts'
