/**
 * One call. The session only wires: facts from the carrier, the recogniser, the model, the voice and the timers become events of the conversation
 * machine; the machine's effects go to the runner that can carry them out. It decides nothing.
 *
 * Start order: journal, recorder, voice activity, recogniser, answers, voice, playback, machine. Stop order is the reverse.
 */
import { createVoiceActivityDetector, keypadTones, MULAW_BYTES_PER_MS } from '@phonevoice/audio'
import type { Log, Timer, Timers } from '@phonevoice/base'
import type {
  ConversationSettings,
  FinishedUtterance,
  HistoryMessage,
  TimerName,
  TurnMeasurement,
} from '@phonevoice/conversation'
import {
  type ConversationEffect,
  type ConversationEvent,
  type ConversationState,
  createConversation,
  type EndReason,
  openItemId,
  step,
} from '@phonevoice/conversation'
import { measurementOfCall, utteranceOfCall } from './call-clock.ts'
import { type ControlCommand, type ControlResult, carryOut } from './control.ts'
import type { CostLimit } from './cost-limit.ts'
import { type Answers, type AnswersOptions, createAnswers } from './effects/answers.ts'
import { createTools, type ToolsOptions } from './effects/tools.ts'
import { createTranscriber, type TranscriberOptions } from './effects/transcriber.ts'
import { createVoice, type VoiceOptions } from './effects/voice.ts'
import type { Journal } from './journal.ts'
import { ClauseAudio } from './pipeline/clause-audio.ts'
import { type CarrierSink, createOutbound } from './pipeline/outbound.ts'
import { createSpeechGate } from './pipeline/speech-gate.ts'
import type { Recorder } from './recorder.ts'
import type { Ticker } from './ticker.ts'
import { llmUsage, streamUsage, sttUsage, ttsUsage } from './usage-lines.ts'
import type { UsageLine, UsageMeter } from './usage-meter.ts'

/** Where a session's facts are kept; each call is one statement, retried by the journal. */
export interface SessionStore {
  recordUtterance(utterance: FinishedUtterance): Promise<unknown>
  recordTurnMeasurement(measurement: TurnMeasurement, usage: readonly UsageLine[]): Promise<unknown>
  recordUsage(lines: readonly UsageLine[]): Promise<unknown>
  /** Why our side ends the call; read by whoever answers the carrier next. */
  setEndingReason(reason: EndReason): Promise<unknown>
  /** The stream is over; the call may go on in another one. */
  closeStream(): Promise<unknown>
}

export interface SessionOptions {
  callId: string
  settings: ConversationSettings
  history: readonly HistoryMessage[]
  isResumed: boolean
  /** Somebody outside had told the agent to say nothing. */
  isSilenced: boolean
  /** The caller has heard the disclosure already. */
  isDisclosed: boolean
  /** The number of the next utterance of the call; 1 for a new one. */
  nextTurn: number
  /** Milliseconds from the call's answer to this stream's start; utterance times count from the answer. */
  offsetMs: number
  sink: CarrierSink & { close(): void }
  transcriber: Pick<TranscriberOptions, 'providers' | 'language' | 'keywords'>
  answers: Pick<AnswersOptions, 'providers' | 'instructions' | 'tools' | 'user' | 'metadata'>
  tools: Pick<ToolsOptions, 'tools' | 'guardedFetch' | 'sign'>
  voice: Pick<VoiceOptions, 'providers' | 'language' | 'organizationId' | 'phrases'>
  /** Null: not recorded. */
  recorder: Recorder | null
  usage: UsageMeter
  /** Null: the call may cost what it costs. */
  costLimit: CostLimit | null
  journal: Journal
  store: SessionStore
  ticker: Ticker
  timers: Timers
  log: Log
  onClosed(): void
}

export interface Session {
  /** One 20 ms frame of the caller. */
  hear(timestampMs: number, mulaw: Uint8Array): void
  markReturned(name: string): void
  keyPressed(digit: string): void
  /** The stream is over, by the carrier or by a process that must go: what was heard is written down, and the call may go on in another stream. */
  carrierStopped(): void
  /** Somebody outside wants the call to end. */
  requestEnd(reason: EndReason, message: string | null): void
  /** Somebody outside takes a hand in the call; the answer is what happened. */
  control(command: ControlCommand): ControlResult
  readonly closed: Promise<void>
}

/**
 * How long the end waits for its reason to be written before the socket is closed anyway: a few seconds of silence after the goodbye are better
 * than what happens without a reason, which is that the carrier connects the caller once more and the conversation goes on.
 */
const REASON_WRITE_MS = 8000
/** How long it then waits for the rest. */
const ENDING_WRITE_MS = 2000
/** About a second. */
const TICKS_BETWEEN_CHORES = 50

export function createSession(options: SessionOptions): Session {
  const { timers, log, journal, store, usage, recorder } = options
  const startedAt = timers.now()
  const now = (): number => timers.now() - startedAt
  let state: ConversationState = createConversation(options.settings)
  const pending: ConversationEvent[] = []
  let isStepping = false
  let isOver = false
  let ticks = 0
  let lastHeardAt = 0
  let toolCalls = 0
  const armed = new Map<TimerName, Timer>()
  let settleClosed = (): void => {}
  const closed = new Promise<void>((resolve) => {
    settleClosed = resolve
  })

  const voiceActivity = createVoiceActivityDetector()
  const transcriber = createTranscriber({
    ...options.transcriber,
    onPartial: (itemId, text) =>
      dispatch({ type: 'transcript-partial', itemId: itemId ?? openItemId(state), text }),
    onFinal: (itemId, text) => dispatch({ type: 'transcript-final', itemId, text }),
    onItemFailed: (itemId) => dispatch({ type: 'transcript-failed', itemId }),
    onTurn: (signal) => dispatch({ type: 'turn-signal', signal }),
    timers,
    onFailed: () => dispatch({ type: 'stt-failed' }),
    onUsage: (stt, audioSeconds) => usage.add(sttUsage(stt, audioSeconds)),
    onWarning: (stt, message) =>
      log.warn('the recogniser warned', { provider: stt.provider, customer: { message } }),
  })
  const gate = createSpeechGate(
    (mulaw) => transcriber.send(mulaw),
    () => transcriber.needsContinuousAudio,
  )
  const answers: Answers = createAnswers({
    ...options.answers,
    callId: options.callId,
    onText: (responseId, text) => dispatch({ type: 'llm-delta', responseId, text }),
    // Models number their calls anew in each answer, or not at all.
    onTools: (responseId, calls) =>
      dispatch({
        type: 'llm-tools',
        responseId,
        calls: calls.map((call) => ({ ...call, id: `t${++toolCalls}` })),
      }),
    onFinished: (responseId) => dispatch({ type: 'llm-finished', responseId }),
    onBrokenOff: (responseId) => dispatch({ type: 'llm-broken-off', responseId }),
    onFailed: (responseId) => dispatch({ type: 'llm-failed', responseId }),
    onUsage: (llm, used, isWasted) => llmUsage(llm, used, isWasted).forEach(usage.add),
    timers,
    log,
  })
  const tools = createTools({
    ...options.tools,
    callId: options.callId,
    onOutput: (callId, output) => dispatch({ type: 'tool-finished', callId, output }),
    timers,
    log,
  })
  const outbound = createOutbound({
    sink: options.sink,
    now,
    onClauseStarted: (responseId, clauseId) => dispatch({ type: 'clause-started', responseId, clauseId }),
    onClausePlayed: (responseId, clauseId) => dispatch({ type: 'clause-played', responseId, clauseId }),
    onPlayout: (offsetMs, mulaw) => recorder?.assistant(offsetMs, mulaw),
    onCut: (offsetMs) => recorder?.cutAssistant(offsetMs),
  })
  const voice = createVoice({
    ...options.voice,
    onAudio: () => outbound.pump(),
    onFirstAudio: (responseId, clauseId) => dispatch({ type: 'clause-voiced', responseId, clauseId }),
    onFailed: (responseId, clauseId) => dispatch({ type: 'tts-failed', responseId, clauseId }),
    onUsage: (tts, used) => usage.add(ttsUsage(tts, used)),
    timers,
    log,
  })
  const leaveTicker = options.ticker.add(() => {
    outbound.pump()
    if (++ticks % TICKS_BETWEEN_CHORES !== 0) return
    recorder?.flush(now())
    if (options.costLimit?.isReached(usage.lines(), now(), now() + options.offsetMs))
      dispatch({ type: 'end-requested', reason: 'max_cost', message: null })
  })

  /** Feeds the machine one event at a time: effects may cause events, which wait until the step that caused them is done. */
  function dispatch(event: ConversationEvent): void {
    if (isOver) return
    pending.push(event)
    if (isStepping) return
    isStepping = true
    try {
      for (let next = pending.shift(); next; next = pending.shift()) {
        if (isOver) break
        const result = step(state, next, now())
        state = result.state
        log.debug('conversation step', {
          event: next.type,
          effects: result.effects.map((effect) => effect.type),
        })
        for (const effect of result.effects) run(effect)
      }
    } catch (error) {
      // A broken rule ends this call and no other.
      log.error('the conversation broke a rule', { error })
      void end('llm_failed')
    } finally {
      pending.length = 0
      isStepping = false
    }
  }

  function run(effect: ConversationEffect): void {
    switch (effect.type) {
      case 'stt-commit':
        transcriber.commit(effect.itemId)
        gate.close()
        return
      case 'llm-start':
        answers.start(effect.responseId, effect.messages, effect)
        return
      case 'llm-adopt':
        answers.adopt(effect.responseId)
        return
      case 'llm-cancel':
        answers.cancel(effect.responseId)
        return
      case 'clause-speak':
        outbound.play(voice.speak(effect.responseId, effect.clauseId, effect.text), effect.fromMs)
        return
      case 'tool-run':
        tools.run(effect.call)
        return
      case 'tool-cancel':
        tools.cancel(effect.callId)
        return
      case 'keys-play': {
        const tones = new ClauseAudio(effect.responseId, effect.clauseId)
        tones.append(keypadTones(effect.digits))
        tones.complete()
        outbound.play(tones, 0)
        return
      }
      case 'clause-prepare':
        voice.speak(effect.responseId, effect.clauseId, effect.text)
        return
      case 'clause-forget':
        voice.cancel(effect.responseId)
        return
      case 'clauses-end':
        return
      case 'playback-clear':
        // Answered before anything else is looked at: the snapshot belongs to this very moment.
        pending.unshift({
          type: 'playback-cleared',
          responseId: effect.responseId,
          clauses: outbound.clear(effect.responseId),
        })
        return
      case 'timer-set':
        armed.get(effect.timer)?.cancel()
        armed.set(
          effect.timer,
          timers.after(effect.delayMs, () => dispatch({ type: 'timer-fired', timer: effect.timer })),
        )
        return
      case 'timer-cancel':
        armed.get(effect.timer)?.cancel()
        armed.delete(effect.timer)
        return
      case 'utterance-finish':
        journal.write('utterance', () => store.recordUtterance(utteranceOfCall(effect.utterance, options)))
        return
      case 'turn-measure': {
        const lines = usage.takeChanged()
        const measurement = measurementOfCall(effect.measurement, options)
        journal.write('turn measurement', () => store.recordTurnMeasurement(measurement, lines))
        return
      }
      case 'call-end':
        void end(effect.reason)
        return
      default:
        effect satisfies never
    }
  }

  function writeUsage(): void {
    const lines = usage.takeChanged()
    if (lines.length > 0) journal.write('usage', () => store.recordUsage(lines))
  }

  async function end(reason: EndReason): Promise<void> {
    if (isOver) return
    isOver = true
    log.info('conversation ended', { reason, durationMs: Math.round(now()) })
    const reasonWritten =
      reason === 'caller_hung_up'
        ? Promise.resolve()
        : journal.writeAtOnce('ending reason', () => store.setEndingReason(reason), REASON_WRITE_MS)
    leaveTicker()
    for (const timer of armed.values()) timer.cancel()
    armed.clear()
    voice.close()
    answers.close()
    tools.close()
    transcriber.close()
    voiceActivity.close()
    const closedAtMs = now()
    usage.add(streamUsage(closedAtMs / 1000))
    writeUsage()
    // The carrier asks for instructions as soon as the socket closes; by then the reason must be readable.
    await Promise.all([reasonWritten, journal.settled(REASON_WRITE_MS)])
    options.sink.close()
    await recorder?.close(closedAtMs)
    // What was stopped a moment ago has said by now what it used.
    writeUsage()
    journal.write('stream end', () => store.closeStream())
    await journal.settled(ENDING_WRITE_MS)
    options.onClosed()
    settleClosed()
  }

  dispatch({
    type: 'call-started',
    history: options.history,
    resumed: options.isResumed,
    isSilenced: options.isSilenced,
    isDisclosed: options.isDisclosed,
  })

  return {
    hear(timestampMs, mulaw) {
      if (isOver) return
      lastHeardAt = timestampMs + mulaw.length / MULAW_BYTES_PER_MS
      recorder?.caller(timestampMs, mulaw)
      const event = voiceActivity.push(mulaw, timestampMs)
      gate.push(mulaw)
      if (!event) return
      if (event.type === 'speech-started') gate.open()
      dispatch(event)
    },
    markReturned: (name) => {
      if (!isOver) outbound.markReturned(name)
    },
    keyPressed: (digit) => dispatch({ type: 'key-pressed', digit }),
    carrierStopped() {
      log.debug('the carrier ended the stream', { lastHeardAt })
      dispatch({ type: 'carrier-stopped' })
    },
    requestEnd: (reason, message) => dispatch({ type: 'end-requested', reason, message }),
    control: (command) => {
      if (isOver) return { status: 'refused', reason: 'not_live' }
      return carryOut(command, () => state, dispatch)
    },
    closed,
  }
}
