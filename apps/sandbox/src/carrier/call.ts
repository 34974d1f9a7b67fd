import { encodeMulaw } from '@phonevoice/audio'
import type { Log, Timer, Timers } from '@phonevoice/base'
import { createPhone, type Phone } from '../phones/phone.ts'
import type { PhoneReport } from '../phones/report.ts'
import type { Scenario } from '../phones/scenario.ts'
import { keyTone, speak, toTelephonePcm } from '../phones/sounds.ts'
import {
  type CallRecord,
  type CallStatus,
  durationSeconds,
  FINAL_STATUSES,
  toVoiceParams,
} from './call-record.ts'
import type { CallbackSender } from './callbacks.ts'
import type { Faults } from './faults.ts'
import { Line } from './line.ts'
import { type MachineDetection, startMachineDetection } from './machine-detection.ts'
import { MediaStream, type StreamReport } from './media-stream.ts'
import { newSid, toRfc2822 } from './sid.ts'
import type { Param } from './signature.ts'
import type { TickClock } from './tick-clock.ts'
import type { HttpMethod, StreamNoun } from './twiml/parse.ts'
import { runScript, type ScriptHost, type Source } from './twiml/run.ts'
import { type WebhookClient, WebhookError } from './webhook-client.ts'

/** Debugger entries and streams kept per call. */
const NOTED_MAX = 200

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

/** What all calls of a carrier share. */
export interface CallServices {
  timers: Timers
  ticks: TickClock
  webhooks: WebhookClient
  callbacks: CallbackSender
  faults: Faults
  log: Log
  /** Multiplies ringing and dialling times only; talking always takes its time. */
  ringTimeScale: number
  streamTimestamps: 'exact' | 'jittered'
  /** Told once, when the call has ended. */
  onEnded: (call: Call) => void
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
  readonly #cookies = new Map<string, string>()
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
    if (sendDigits !== null) this.#playDigits(line, sendDigits)
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
        this.#sendCallback(machineDetection.callback, [
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
    runScript(this.#createHost(extra), source, fallback, script.signal)
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
    this.#sendCallback(statusCallback, params, callStatus)
  }

  #sendCallback(
    to: { url: string; method: HttpMethod },
    params: Param[],
    callStatus: string | null = null,
  ): void {
    const { sid } = this.record
    const number = this.record.direction === 'inbound' ? this.record.from : this.record.to
    this.#services.callbacks.send({
      ...to,
      params,
      authToken: this.#authToken,
      callSid: sid,
      to: number,
      callStatus,
    })
  }

  #createHost(extra: readonly Param[]): ScriptHost {
    const { webhooks, timers } = this.#services
    let once = extra
    const { record } = this
    return {
      get isAnswered() {
        return record.status === 'in-progress'
      },
      fetch: async (url, method, signal) => {
        const params = [...toVoiceParams(this.record, this.record.status), ...once]
        once = []
        const answer = await webhooks.send({
          url,
          method,
          params,
          authToken: this.#authToken,
          cookies: this.#cookies,
          signal,
        })
        if (answer.status < 200 || answer.status >= 300) {
          throw new WebhookError(11200, `Got HTTP ${answer.status} response to ${url}`)
        }
        return answer
      },
      answer: () => {
        if (this.record.status === 'ringing') this.#goLive()
      },
      say: (text, voice, signal) => this.#playOut(speak(text, voice === null ? {} : { voice }).mulaw, signal),
      playAudio: (audio, signal) => this.#playOut(encodeMulaw(toTelephonePcm(audio)), signal),
      playDigits: (digits, signal) => {
        this.#playDigits(this.#line!, digits)
        return this.#playOut(new Uint8Array(0), signal)
      },
      wait: (ms, signal) => wait(timers, ms, signal),
      stream: (stream, signal) => this.#stream(stream, signal),
      reject: (reason) =>
        reason === 'busy' ? this.#end('busy', 'rejected', 486) : this.#end('no-answer', 'rejected', 603),
      warn: (code, message) => this.#warn(code, message),
    }
  }

  #playOut(mulaw: Uint8Array, signal: AbortSignal): Promise<void> {
    const playout = this.#line!.playout
    if (!playout.enqueue(mulaw)) this.#warn(11750, 'the audio is longer than ten minutes')
    return new Promise((resolve, reject) => {
      const stop = () => reject(signal.reason)
      signal.addEventListener('abort', stop, { once: true })
      playout.mark(() => {
        signal.removeEventListener('abort', stop)
        resolve()
      })
    })
  }

  #playDigits(line: Line, digits: string): void {
    for (const digit of digits) {
      if (digit === 'w' || digit === 'W')
        line.playout.enqueue(new Uint8Array(digit === 'w' ? 4000 : 8000).fill(0xff))
      else if (/[0-9*#]/.test(digit)) line.playout.enqueue(keyTone(digit, 200).mulaw)
    }
  }

  async #stream(noun: StreamNoun, signal: AbortSignal): Promise<void> {
    const ids = { streamSid: newSid('MZ'), accountSid: this.record.accountSid, callSid: this.record.sid }
    const problem = findStreamProblem(noun)
    if (problem) {
      this.#warn(problem.code, problem.message)
      this.#reportStream(noun, ids.streamSid, 'stream-error', problem.message)
      return
    }
    const number = this.record.direction === 'inbound' ? this.record.from : this.record.to
    const fault = this.#services.faults.take('stream', number)
    if (fault?.kind === 'refuse') {
      this.#warn(31902, 'Stream - Connection - Refused (on request)')
      this.#reportStream(noun, ids.streamSid, 'stream-error', 'Stream - Connection - Refused')
      return
    }
    const stream = new MediaStream({
      ids,
      stream: noun,
      line: this.#line!,
      authToken: this.#authToken,
      timers: this.#services.timers,
      timestamps: this.#services.streamTimestamps,
      fault,
      onStarted: () => this.#reportStream(noun, ids.streamSid, 'stream-started'),
    })
    if (this.#streams.length < NOTED_MAX) this.#streams.push(stream)
    const stop = () => stream.stop()
    signal.addEventListener('abort', stop, { once: true })
    const end = await stream.ended
    signal.removeEventListener('abort', stop)
    if (end.kind === 'error') {
      this.#warn(end.code, end.message)
      this.#reportStream(noun, ids.streamSid, 'stream-error', end.message)
    } else {
      this.#reportStream(noun, ids.streamSid, 'stream-stopped')
    }
  }

  #reportStream(noun: StreamNoun, streamSid: string, event: string, error?: string): void {
    if (noun.statusCallback === null || this.record.endCause === 'the sandbox closed') return
    const params: Param[] = [
      ['AccountSid', this.record.accountSid],
      ['CallSid', this.record.sid],
      ['StreamSid', streamSid],
      ['StreamName', noun.name ?? streamSid],
      ['StreamEvent', event],
      ['Timestamp', new Date(this.#services.timers.now()).toISOString()],
    ]
    if (error !== undefined) params.push(['StreamError', error])
    this.#sendCallback({ url: noun.statusCallback, method: noun.statusCallbackMethod }, params)
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

function findStreamProblem(noun: StreamNoun): { code: number; message: string } | null {
  if (noun.track !== null && noun.track !== 'inbound_track') {
    return {
      code: 31941,
      message: 'Stream - Invalid Track: a bidirectional stream has the inbound track only',
    }
  }
  if (!URL.canParse(noun.url)) return { code: 31923, message: 'Stream - Malformed URL' }
  // The vendor takes wss only; ws is for machines that talk to themselves.
  if (!/^wss?:$/.test(new URL(noun.url).protocol))
    return { code: 31922, message: 'Stream - Unsupported scheme' }
  return null
}

function wait(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = timers.after(ms, () => {
      signal.removeEventListener('abort', stop)
      resolve()
    })
    const stop = () => {
      timer.cancel()
      reject(signal.reason)
    }
    signal.addEventListener('abort', stop, { once: true })
  })
}
