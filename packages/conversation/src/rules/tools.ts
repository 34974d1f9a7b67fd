import { currentResponse } from '../agent.ts'
import type { Draft } from '../state.ts'
import type { HistoryMessage, ToolCall, ToolSetting } from '../types.ts'
import { onAnnouncement } from './control.ts'
import { makeTurnFirm } from './finish-response.ts'
import { addFiller, addWholeText, closeText, expectProgress, flushText } from './respond.ts'

/**
 * The model may ask for tools instead of, or after, saying something. What it said is spoken while they run. From the moment a tool is started the turn is
 * firm and the call is in the history, with an output that says it is running: so whatever happens then, the model is told once what it did, and no
 * request is ever sent with a call that has no output. When every tool of a round has answered, the model goes on in the same response.
 *
 * An interruption stops the speech, not the tools: an order that was placed is placed. Only a tool marked safe is cancelled. A result that comes after its
 * response is over replaces its output in the history, for the next answer.
 */

/** Tools of one turn, and of one call; beyond them the model is told to do without. */
export const toolsPerTurn = 5
export const toolsPerCall = 50

export const runningOutput = 'The tool is still running; its result is not known yet.'
const cancelledOutput = 'Cancelled: the caller interrupted.'
const limitOutput = 'Error: no further tool may be used now. Answer with what you know.'
const unknownOutput = 'Error: there is no tool of this name.'

/** The model has finished its text and waits for these. */
export function onToolsRequested(draft: Draft, calls: readonly ToolCall[]): void {
  const response = currentResponse(draft)
  if (response.isCancelled || !response.isLlmOpen || calls.length === 0) return
  response.askedTools = calls
}

/** The model's stream is over and it waits for tools: starts them. */
export function startTools(draft: Draft): void {
  const response = currentResponse(draft)
  const calls = response.askedTools
  response.askedTools = []
  flushText(draft)
  makeTurnFirm(draft)
  draft.history = [
    ...draft.history,
    { role: 'assistant', text: '', toolCalls: calls },
    ...calls.map(({ id }) => ({ role: 'tool' as const, text: runningOutput, toolCallId: id })),
  ]
  let isEnding = false
  for (const call of calls) {
    const tool = draft.settings.tools.find(({ name }) => name === call.name)
    response.tools += 1
    draft.tools = { ...draft.tools, used: draft.tools.used + 1 }
    if (response.tools > toolsPerTurn || draft.tools.used > toolsPerCall)
      setOutput(draft, call.id, limitOutput)
    else if (tool === undefined) setOutput(draft, call.id, unknownOutput)
    else if (tool.kind === 'end_call') {
      isEnding = true
      setOutput(draft, call.id, 'Done: the call ends once you have been heard.')
    } else if (tool.kind === 'press_keys') setOutput(draft, call.id, pressKeys(draft, call.arguments))
    else run(draft, call, tool)
  }
  if (isEnding) {
    endPolitely(draft)
    return
  }
  goOnIfDone(draft)
}

/** A tool has answered, in time or late. */
export function onToolFinished(draft: Draft, callId: string, output: string): void {
  const { agent, tools } = draft
  const running = tools.running.find((candidate) => candidate.id === callId)
  if (running === undefined) return
  draft.tools = { ...tools, running: tools.running.filter((candidate) => candidate !== running) }
  setOutput(draft, callId, output)
  const { response } = agent
  // An answer that is taking leave, or was cut, asks for nothing more.
  if (response?.id === running.responseId && response.isLlmOpen && !response.isCancelled) goOnIfDone(draft)
}

/** The speech is being cut: tools that may be cancelled are, the others go on. */
export function cancelSafeTools(draft: Draft): void {
  const { tools, agent } = draft
  const cancelled = tools.running.filter(
    ({ isSafeToCancel, responseId }) => isSafeToCancel && responseId === agent.response?.id,
  )
  if (cancelled.length === 0) return
  draft.tools = { ...tools, running: tools.running.filter((candidate) => !cancelled.includes(candidate)) }
  for (const { id } of cancelled) {
    setOutput(draft, id, cancelledOutput)
    draft.effects.push({ type: 'tool-cancel', callId: id })
  }
}

/** Whether the response waits for a tool, so that its model's silence means nothing. */
export function isWaitingForTools({ agent, tools }: Draft): boolean {
  return tools.running.some(({ responseId }) => responseId === agent.response?.id)
}

function run(draft: Draft, call: ToolCall, tool: ToolSetting): void {
  const response = currentResponse(draft)
  const running = { id: call.id, responseId: response.id, isSafeToCancel: tool.isSafeToCancel }
  draft.tools = { ...draft.tools, running: [...draft.tools.running, running] }
  draft.effects.push({ type: 'tool-run', call })
  const isSilent = response.clauses.every((clause) => clause.isPlayed)
  if (!isSilent) return
  const phrases = draft.language.holdPhrases
  const phrase = tool.filler === undefined ? phrases[response.tools % phrases.length] : tool.filler
  if (phrase !== undefined && phrase !== null) addFiller(draft, phrase)
}

function goOnIfDone(draft: Draft): void {
  if (isWaitingForTools(draft)) {
    expectProgress(draft)
    return
  }
  const response = currentResponse(draft)
  const isTooMuch = response.tools >= toolsPerTurn || draft.tools.used >= toolsPerCall
  draft.effects.push({
    type: 'llm-start',
    responseId: response.id,
    messages: withWordsSoFar(draft),
    isEarly: false,
    ...(isTooMuch && { areToolsOff: true }),
  })
  expectProgress(draft)
}

/** The dialogue with what this response has said before its tools, which becomes a message of its own only once it has been heard. */
function withWordsSoFar(draft: Draft): readonly HistoryMessage[] {
  const response = currentResponse(draft)
  const said = response.clauses.filter((clause) => !clause.isFiller).map((clause) => clause.text)
  const place = draft.history.findLastIndex((message) => message.toolCalls !== undefined)
  return draft.history.map((message, index) =>
    index === place ? { ...message, text: said.join('').trim() } : message,
  )
}

/** The call ends once what was said has been heard; where nothing was said, a goodbye is. */
function endPolitely(draft: Draft): void {
  const response = currentResponse(draft)
  const { settings, language } = draft
  const goodbye = settings.endCall.message ?? language.goodbye
  if (response.clauses.every((clause) => clause.isFiller) && goodbye !== null) addWholeText(draft, goodbye)
  closeText(draft, true)
}

function pressKeys(draft: Draft, argumentsText: string): string {
  const digits = digitsOf(argumentsText)
  if (digits === null) return 'Error: "digits" must be keys: 0-9, *, #, and "," for a pause.'
  onAnnouncement(draft, { kind: 'keys', digits })
  return 'Done: the keys are pressed after what you say.'
}

function digitsOf(argumentsText: string): string | null {
  try {
    const value: unknown = JSON.parse(argumentsText)
    const digits = typeof value === 'object' && value !== null && 'digits' in value ? value.digits : null
    return typeof digits === 'string' && /^[0-9A-D*#,]{1,50}$/.test(digits) ? digits : null
  } catch {
    return null
  }
}

function setOutput(draft: Draft, callId: string, text: string): void {
  draft.history = draft.history.map((message) =>
    message.toolCallId === callId ? { ...message, text } : message,
  )
}
