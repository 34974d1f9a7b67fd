import type { Draft } from '../state.ts'
import { endCall } from './ending.ts'
import { say } from './respond.ts'

/** Nobody has said anything for the caller's whole patience: ask whether they are there, and end the call when asking has not helped. */
export function onSilence(draft: Draft): void {
  const { call, settings } = draft
  const { reprompt, maxReprompts } = settings.silence
  if (call.name !== 'live' || draft.agent.name !== 'idle') return
  if (reprompt !== null && call.reprompts < maxReprompts) {
    call.reprompts += 1
    say(draft, 'reprompt', [reprompt])
    if (draft.agent.response !== null) return
  }
  endCall(draft, 'silence_timeout', null)
}
