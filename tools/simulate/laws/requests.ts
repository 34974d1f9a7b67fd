import type { HistoryMessage, ResponseId } from '@phonevoice/conversation'
import { expectLaw, type StepFacts } from './laws.ts'

/** Requests to the model and tools: none is begun twice, none outlives what it was for, and what the model is shown is a dialogue it can read. */
export function createRequestLaws(): (facts: StepFacts) => void {
  const open = new Set<ResponseId>()
  const runningTools = new Set<string>()
  const committed = new Set<string>()
  return ({ before, event, after, effects }) => {
    if (event.type === 'llm-finished' || event.type === 'llm-failed' || event.type === 'llm-broken-off')
      open.delete(event.responseId)
    if (event.type === 'tool-finished') runningTools.delete(event.callId)
    for (const effect of effects) {
      switch (effect.type) {
        case 'llm-start':
          expectLaw(!open.has(effect.responseId), 'a request is not begun twice at once', effect.responseId)
          open.add(effect.responseId)
          expectReadable(effect.messages)
          break
        case 'llm-cancel':
          open.delete(effect.responseId)
          break
        case 'tool-run':
          expectLaw(!runningTools.has(effect.call.id), 'a tool is not run twice', effect.call)
          runningTools.add(effect.call.id)
          break
        case 'tool-cancel':
          expectLaw(runningTools.delete(effect.callId), 'only a running tool is cancelled', effect)
          break
        case 'stt-commit':
          expectLaw(!committed.has(effect.itemId), 'a span is committed once', effect)
          committed.add(effect.itemId)
          break
      }
    }
    if (before.call.name === 'closed') return
    if (after.call.name === 'closed') open.clear()
    for (const id of open) {
      expectLaw(
        id === after.agent.response?.id || id === after.thinking.thought?.id,
        'no request goes on whose answer nobody wants',
        id,
      )
    }
    expectReadable(after.history)
  }
}

function expectReadable(messages: readonly HistoryMessage[]): void {
  messages.forEach((message, index) => {
    const { role, text, toolCalls = [] } = message
    expectLaw(text.trim() !== '' || toolCalls.length > 0 || role === 'tool', 'no message is empty', messages)
    const outputs = messages.slice(index + 1, index + 1 + toolCalls.length)
    expectLaw(
      toolCalls.every(({ id }, place) => outputs[place]?.toolCallId === id),
      'every call of a tool has its output right behind it',
      messages,
    )
    if (role === 'tool')
      expectLaw(
        ['tool', 'assistant'].includes(messages[index - 1]?.role ?? ''),
        'an output follows its call',
        messages,
      )
    if (role === 'user')
      expectLaw(messages[index - 1]?.role !== 'user', 'two messages of the caller are one', messages)
  })
}
