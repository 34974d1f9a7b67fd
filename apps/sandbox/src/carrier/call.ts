import type { Timer } from '@phonevoice/base'
import { createPhone, type Phone } from '../phones/phone.ts'
import type { PhoneReport } from '../phones/report.ts'
import type { Scenario } from '../phones/scenario.ts'
import { type CallContext, type CallServices, NOTED_MAX } from './call-context.ts'
import {
  type CallRecord,
  type CallStatus,
  durationSeconds,
  FINAL_STATUSES,
  phoneNumberOf,
  toVoiceParams,
} from './call-record.ts'
import { Line } from './line.ts'
import { type MachineDetection, startMachineDetection } from './machine-detection.ts'
import type { MediaStream, StreamReport } from './media-stream.ts'
import { createScriptHost, playDigits } from './script-host.ts'
import { toRfc2822 } from './sid.ts'
import type { Param } from './signature.ts'
import type { HttpMethod } from './twiml/parse.ts'
import { runScript, type Source } from './twiml/run.ts'

export type CallEvent = 'initiated' | 'ringing' | 'answered' | 'completed'

/** What the account asked for. */
export interface CallPlan {
  instructions: Source | null
  fallback: { url: string; method: HttpMethod } | null
  statusCallback: { url: string; method: HttpMethod; events: ReadonlySet<CallEvent> } | null
  ringTimeoutMs: number
  timeLimitMs: number
  machineDetection: MachineDetection | null
  /** Keys played to the phone right after the answer. */
  sendDigits: string | null
}

/** Everything the sandbox knows about a call, for `GET /sandbox/calls/{sid}`. */
export interface CallReport {
  sid: string
  direction: string
  from: string
  to: string
  status: CallStatus
  scenario: string | null
  created_at: string
  answered_at: string | null
  ended_at: string | null
  duration_seconds: number
  end_cause: string | null
  answered_by: string | null
  /** The vendor's debugger: what was wrong with documents, callbacks and streams. */
  warnings: { code: number; message: string }[]
  streams: StreamReport[]
  /** Null when nobody picked up. */
  phone: PhoneReport | null
}

/**
 * One call, from queued to its final status. Outgoing: queued, (initiated), ringing, in-progress, final. Incoming: ringing, in-progress,
 * final. A call leaves a state once and never returns; `#end` is the only way into a final one. While it is live one script runs; a
 * redirect aborts it and starts another.
 */
export class Call {
  readonly record: CallRecord
  readonly scenario: Scenario | null
  readonly #services: CallServices
  readonly #authToken: string
  readonly #plan: CallPlan
  readonly #warnings: { code: number; message: string }[] = []
  readonly #streams: MediaStream[] = []
  /** What the running script may use of this call. */
  readonly #context: CallContext
  #statusCallbackSequence = 0
  #timer: Timer | null = null
  #limit: Timer | null = null
  #script: AbortController | null = null
  #phone: Phone | null = null
  #line: Line | null = null

  constructor(options: {
    record: CallRecord
    plan: CallPlan
    scenario: Scenario | null
    authToken: string
    services: CallServices
  }) {
    this.record = options.record
    this.scenario = options.scenario
    this.#plan = options.plan
    this.#authToken = options.authToken
    this.#services = options.services
    this.#context = this.#createContext()
  }

  get hasEnded(): boolean {
    return FINAL_STATUSES.has(this.record.status)
  }

  /** Sends an outgoing call on its way, or lets an incoming one ring. */
  start(): void {
    if (this.record.direction === 'outbound-api') {
      this.#later(20, () => this.#dial())
      return
    }
    this.record.startedAtMs = this.record.createdAtMs
    // Twilio refuses a call to a number without a voice URL at once and tells nobody.
    if (!this.#plan.instructions) this.#end('failed', 'no voice URL', 404)
    else this.#runScript(this.#plan.instructions, this.#plan.fallback)
  }

  /** REST hang-up. `canceled` leaves a live call alone. */
  hangUp(requested: 'canceled' | 'completed'): void {
    if (this.hasEnded) return
    const isLive = this.record.status === 'in-progress'
    if (!isLive) this.#end('canceled', 'canceled by REST', 487)
    else if (requested === 'completed') this.#end('completed', 'ended by REST', 200)
  }

  /** The person puts the phone down, or stops calling. */
  phoneHangsUp(): void {
    if (this.record.status === 'in-progress') this.#end('completed', 'the phone hung up', 200)
    else if (this.record.direction === 'inbound') this.#end('no-answer', 'the caller gave up', 487)
    else if (this.record.status === 'ringing') this.#end('busy', 'the phone refused', 486)
  }

  /** New instructions for a live call: the running verb is abandoned. False when the call is not live. */
  redirect(source: Source, fallback: { url: string; method: HttpMethod } | null): boolean {
    if (this.record.status !== 'in-progress') return false
    this.#runScript(source, fallback)
    return true
  }

  /** Ends the call without telling anybody: the carrier itself goes away. */
  close(): void {
    if (!this.hasEnded) this.#end('failed', 'the sandbox closed', null)
  }

  report(): CallReport {
    const { record } = this
    return {
      sid: record.sid,
      direction: record.direction,
      from: record.from,
      to: record.to,
      status: record.status,
      scenario: this.scenario?.name ?? null,
      created_at: new Date(record.createdAtMs).toISOString(),
      answered_at: record.answeredAtMs === null ? null : new Date(record.answeredAtMs).toISOString(),
      ended_at: record.endedAtMs === null ? null : new Date(record.endedAtMs).toISOString(),
      duration_seconds: durationSeconds(record),
      end_cause: record.endCause,
      answered_by: record.answeredBy,
      warnings: [...this.#warnings],
      streams: this.#streams.map((stream) => structuredClone(stream.report)),
      phone: this.#phone?.report() ?? null,
    }
  }

  /** The audio so far as WAV: both sides (left: the phone), or one. Null before the answer. */
  recording(side?: 'said' | 'heard'): Uint8Array | null {
    return this.#line?.recorder.toWav(side) ?? null
  }

  /** Lets go of the recording; the report stays. */
  forgetAudio(): void {
    if (this.hasEnded) this.#line = null
  }

  #dial(): void {
    this.record.startedAtMs = this.#services.timers.now()
    this.#announce('initiated', 'initiated')
    const behaviour = this.scenario?.when_called ?? 'unreachable'
    if (behaviour === 'unreachable') this.#later(400, () => this.#end('failed', 'unreachable', 404))
    else this.#later(100, () => this.#ring(this.scenario!))
  }

  #ring(scenario: Scenario): void {
    this.#setStatus('ringing')
    this.#announce('ringing', 'ringing')
    const { ringTimeoutMs } = this.#plan
    if (scenario.when_called === 'no-answer' || scenario.ring_ms > ringTimeoutMs) {
      this.#later(ringTimeoutMs, () => this.#end('no-answer', 'nobody answered', 487))
    } else if (scenario.when_called === 'busy') {
      this.#later(scenario.ring_ms, () => this.#end('busy', 'busy', 486))
    } else {
      this.#later(scenario.ring_ms, () => this.#answerOutgoing())
    }
  }

  #answerOutgoing(): void {
    const line = this.#goLive()
    const { fallback, machineDetection, sendDigits } = this.#plan
    const instructions = this.#plan.instructions!
    if (sendDigits !== null) playDigits(line, sendDigits)
    if (!machineDetection) {
      this.#runScript(instructions, fallback)
      return
    }
    startMachineDetection(line, machineDetection, (verdict) => {
      if (this.hasEnded) return
      this.record.answeredBy = verdict.answeredBy
      const result: Param[] = [
        ['AnsweredBy', verdict.answeredBy],
        ['MachineDetectionDuration', String(verdict.durationMs)],
      ]
      if (!machineDetection.isAsync) this.#runScript(instructions, fallback, result)
      else if (machineDetection.callback) {
        this.#context.sendCallback(machineDetection.callback, [
          ['CallSid', this.record.sid],
          ['AccountSid', this.record.accountSid],
          ...result,
        ])
      } else this.#warn(21262, 'Asynchronous detection without a callback URL')
    })
    if (machineDetection.isAsync) this.#runScript(instructions, fallback)
  }

  #goLive(): Line {
    const phone = createPhone(this.scenario!)
    this.#phone = phone
    const line = new Line({
      phone,
      ticks: this.#services.ticks,
      onHangUp: () => this.#end('completed', 'the phone hung up', 200),
    })
    this.#line = line
    this.record.answeredAtMs = this.#services.timers.now()
    this.#setStatus('in-progress')
    this.#announce('answered', 'in-progress')
    this.#limit = this.#services.timers.after(this.#plan.timeLimitMs, () =>
      this.#end('completed', 'time limit', 200),
    )
    return line
  }

  #runScript(source: Source, fallback: CallPlan['fallback'], extra: readonly Param[] = []): void {
    this.#script?.abort(new Error('New instructions arrived'))
    const script = new AbortController()
    this.#script = script
    // What an abandoned verb was playing is not heard any further.
    this.#line?.playout.drop()
    runScript(createScriptHost(this.#context, extra), source, fallback, script.signal)
      .then(() => this.#end('completed', 'instructions ran out', 200))
      .catch((error: unknown) => {
        if (script.signal.aborted) return
        this.#services.log.error('a call script failed', { callSid: this.record.sid, error })
        this.#end('failed', 'sandbox error', 500)
      })
  }

  #end(status: CallStatus, cause: string, sipCode: number | null): void {
    if (this.hasEnded) return
    const wasQueued = this.record.status === 'queued' && this.record.startedAtMs === null
    this.record.endedAtMs = this.#services.timers.now()
    this.record.endCause = cause
    this.#setStatus(status)
    this.#timer?.cancel()
    this.#limit?.cancel()
    this.#script?.abort(new Error('The call has ended'))
    for (const stream of this.#streams) stream.stop()
    this.#line?.close()
    // A call canceled in the queue ends without a callback; so does one whose carrier goes away.
    if (!wasQueued && sipCode !== null) this.#announce('completed', status, sipCode)
    this.#services.onEnded(this)
  }

  #announce(event: CallEvent, callStatus: string, sipCode?: number): void {
    const { statusCallback } = this.#plan
    if (!statusCallback?.events.has(event)) return
    const params = toVoiceParams(this.record, callStatus)
    params.push(
      ['CallbackSource', 'call-progress-events'],
      ['SequenceNumber', String(this.#statusCallbackSequence++)],
      ['Timestamp', toRfc2822(this.#services.timers.now())],
    )
    if (event === 'completed') {
      const seconds = durationSeconds(this.record)
      params.push(
        ['CallDuration', String(seconds)],
        ['Duration', String(Math.ceil(seconds / 60))],
        ['SipResponseCode', String(sipCode ?? 200)],
      )
    }
    if (this.record.answeredBy !== null) params.push(['AnsweredBy', this.record.answeredBy])
    this.#context.sendCallback(statusCallback, params, callStatus)
  }

  #createContext(): CallContext {
    return {
      record: this.record,
      authToken: this.#authToken,
      services: this.#services,
      streams: this.#streams,
      cookies: new Map(),
      line: () => this.#line!,
      answer: () => {
        if (this.record.status === 'ringing') this.#goLive()
      },
      reject: (reason) => {
        if (reason === 'busy') this.#end('busy', 'rejected', 486)
        else this.#end('no-answer', 'rejected', 603)
      },
      warn: (code, message) => this.#warn(code, message),
      sendCallback: (to, params, callStatus) =>
        this.#services.callbacks.send({
          ...to,
          params,
          authToken: this.#authToken,
          callSid: this.record.sid,
          to: phoneNumberOf(this.record),
          callStatus: callStatus ?? null,
        }),
    }
  }

  #setStatus(status: CallStatus): void {
    this.record.status = status
    this.record.updatedAtMs = this.#services.timers.now()
  }

  #warn(code: number, message: string): void {
    if (this.#warnings.length < NOTED_MAX) this.#warnings.push({ code, message })
    this.#services.log.warn('the carrier has a complaint', { callSid: this.record.sid, code, message })
  }

  /** One timer at a time: a call waits for one thing only until it is live. */
  #later(delayMs: number, run: () => void): void {
    this.#timer = this.#services.timers.after(delayMs * this.#services.ringTimeScale, run)
  }
}
