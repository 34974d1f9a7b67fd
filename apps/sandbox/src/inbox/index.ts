export { createInbox, type Inbox, type InboxOptions } from './inbox.ts'
export type { Behaviour, BehaviourInput, ReceivedWebhook } from './mailbox.ts'
export type { Verdict, Verdicts } from './verify-signature.ts'
