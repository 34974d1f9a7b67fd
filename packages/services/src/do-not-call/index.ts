export { addDoNotCall } from './add-do-not-call.ts'
export { listDoNotCall } from './list-do-not-call.ts'
export { removeDoNotCall } from './remove-do-not-call.ts'
