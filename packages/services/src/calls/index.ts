export { type CallKey, type CallRow, findCall, getCall } from './call-row.ts'
export { type CreateCallInput, type CreatedCall, createCall } from './create-call.ts'
export { outcomeOf, toCall } from './to-call.ts'
