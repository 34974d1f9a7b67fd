import { expect, test } from 'vitest'
import { createConversation, openItemId } from './state.ts'
import { step } from './step.ts'
import { testSettings } from './transcript-test.ts'
import type { ConversationEvent } from './types.ts'

test('gives the id of the span being spoken, and of the next one between spans', () => {
  let state = createConversation(testSettings)
  const apply = (event: ConversationEvent, nowMs: number) => {
    state = step(state, event, nowMs).state
  }
  apply({ type: 'call-started', history: [], resumed: false }, 0)
  expect(openItemId(state)).toBe('i1')
  apply({ type: 'speech-started', atMs: 100 }, 100)
  expect(openItemId(state)).toBe('i1')
  apply({ type: 'speech-stopped', atMs: 500 }, 600)
  expect(openItemId(state)).toBe('i2')
})
