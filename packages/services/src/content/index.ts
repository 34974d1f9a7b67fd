export { contentDeleted } from './content-deleted.ts'
export { deleteCallContent } from './delete-content.ts'
export { eraseContent } from './erase-content.ts'
