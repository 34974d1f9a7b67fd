/**
 * After the end: recording, analysis, cost, then `call.completed`, exactly once for every call.
 *
 * The steps before the last may be repeated by another worker and leave the same result; the last is one write that applies only while
 * `completed_at` is null. Whatever fails on the way is said in the event. Bounds, from the end of the call: streams are waited for at most 20 s, then
 * recording and analysis run side by side for at most 21 s, so that the event is written within 45 s while a worker lives.
 */
import type { Timers } from '@phonevoice/base'
import type { Analysis, Call, CostLine, EndedReason, EventData } from '@phonevoice/contracts'
import { openSettings } from '../assistants/settings.ts'
import { storedSettings } from '../assistants/to-assistant.ts'
import { type CallRow, findCall } from '../calls/call-row.ts'
import { callEvent, ENDED_STATUSES, writeCallChange } from '../calls/call-writer.ts'
import { outcomeOf } from '../calls/to-call.ts'
import type { ServiceContext } from '../context.ts'
import { getWebhookSecret } from '../organizations/index.ts'
import { priceUsage, toUsd, type Usage } from '../pricing/index.ts'
import { listRecordedStreams, mintRecordingLink, type RecordedStream } from '../recordings/index.ts'
import { listUsage, recordUsage } from '../usage/index.ts'
import { DONE, type Step, type Work } from '../work/index.ts'
import { type AnalysisSubject, type AnalysisUsage, type Analyst, analyseCall } from './analyse-call.ts'
import { finishRecording, type MergeRecording } from './finish-recording.ts'
import { summariseLatency, type TurnTimes } from './latency.ts'

/** How long after the end the media process may still write. */
export const STREAMS_WAIT_MS = 20_000
/** Two heartbeats: a node that could only not reach the database shows within this time that it lives. */
const ORPHANS_WAIT_MS = 5000
const POLL_MS = 200
/** A call that brought this many workers down is finished without what may have done it. */
const CRASHES_MAX = 3

export interface FinishInput {
  work: Work
  timers: Timers
  /** The model that analyses; null when there is none to ask. */
  analystFor(subject: AnalysisSubject): Analyst | null
  mergeRecording: MergeRecording
}

/** Finishes a call that has ended. */
export async function finishCall(ctx: ServiceContext, input: FinishInput): Promise<Step> {
  const { work } = input
  const call = await findCall(ctx, work.callId)
  if (!call || call.completedAt !== null) return DONE
  if (call.endedAt === null) return { nextAtMs: ctx.clock.now() + 1000 }
  const isTried = work.attempt > CRASHES_MAX

  const streams = await awaitStreams(ctx, call, call.endedAt.getTime() + STREAMS_WAIT_MS, input.timers)
  const [recording, analysis, turnTimes] = await Promise.all([
    finishRecording(ctx, { call, streams, mergeRecording: isTried ? null : input.mergeRecording }),
    analyse(ctx, call, isTried ? () => null : input.analystFor),
    listTurnTimes(ctx, call.id),
  ])
  await recordAnalysisUsage(ctx, call.id, analysis.usage)
  const usage = await listUsage(ctx, { callId: call.id })
  const priced = priceUsage(
    [...carrierUsage(call), ...usage.map((item) => ofCarrier(item))],
    call.endedAt.getTime(),
  )
  await complete(ctx, call, {
    recording: recording.info,
    recordingUrl: recording.row ? mintRecordingLink(ctx, { recording: recording.row }).url : null,
    analysis: analysis.analysis,
    lines: priced.lines,
    costMicroUsd: priced.costMicroUsd,
    latency: summariseLatency(turnTimes),
  })
  return DONE
}

interface Result {
  recording: EventData<'call.completed'>['recording']
  recordingUrl: string | null
  analysis: Analysis
  lines: CostLine[]
  costMicroUsd: number
  latency: Call['latency']
}

async function complete(ctx: ServiceContext, call: CallRow, result: Result): Promise<void> {
  const outcome = outcomeOf(call)
  if (outcome === null) throw new Error(`The ended call ${call.id} has no reason.`)
  const nowMs = ctx.clock.now()
  const data: EventData<'call.completed'> = {
    status: call.status,
    duration_seconds: call.durationSeconds,
    cost: toUsd(result.costMicroUsd),
    cost_breakdown: result.lines,
    recording_url: result.recordingUrl,
    recording: result.recording,
    analysis: result.analysis,
    ended_reason: call.endedReason as EndedReason,
    outcome,
    latency: result.latency,
    metadata: JSON.parse(call.metadata) as Call['metadata'],
  }
  // Null: another worker was faster, and its event is the one.
  await writeCallChange(ctx, {
    callId: call.id,
    fromStatuses: ENDED_STATUSES,
    onlyIfNull: ['completed_at'],
    set: {
      completed_at: new Date(nowMs),
      cost_micro_usd: result.costMicroUsd,
      cost_breakdown: JSON.stringify(result.lines),
      analysis: JSON.stringify(result.analysis),
      latency: result.latency && JSON.stringify(result.latency),
    },
    events: [callEvent('call.completed', nowMs, data)],
  })
}

/**
 * The media process closes a stream after its last write: turns, usage, recording. One that died closes nothing: its streams are waited for as long
 * as it takes to be sure, and the deadline holds for all.
 */
async function awaitStreams(
  ctx: ServiceContext,
  call: CallRow,
  deadlineMs: number,
  timers: Timers,
): Promise<RecordedStream[]> {
  const orphansUntilMs = ctx.clock.now() + ORPHANS_WAIT_MS
  for (;;) {
    const streams = await listRecordedStreams(ctx, { callId: call.id })
    const now = ctx.clock.now()
    const isWaitedFor = ({ closedAt, isOrphan }: RecordedStream) =>
      closedAt === null && !(isOrphan && now >= orphansUntilMs)
    if (now >= deadlineMs || !streams.some(isWaitedFor)) return streams
    await new Promise<void>((resolve) => timers.after(POLL_MS, resolve))
  }
}

async function analyse(ctx: ServiceContext, call: CallRow, analystFor: FinishInput['analystFor']) {
  const transcript = await ctx.db.sql<{ role: 'user' | 'assistant'; text: string }[]>`
    select role, text from turns where call_id = ${call.id} order by turn`
  const secrets = await getWebhookSecret(ctx, { organizationId: call.organizationId })
  const subject: AnalysisSubject = {
    callId: call.id,
    organizationId: call.organizationId,
    mode: call.mode,
    assistantId: call.assistantId,
    phoneNumber: call.phoneNumber,
    assistant: await openSettings(ctx.secrets, call.organizationId, storedSettings(call.assistant)),
    webhookSecret: secrets.current,
    transcript,
  }
  return await analyseCall(subject, analystFor(subject), ctx.log)
}

async function recordAnalysisUsage(
  ctx: ServiceContext,
  callId: string,
  used: readonly AnalysisUsage[],
): Promise<void> {
  const sum = (pick: (usage: AnalysisUsage) => number) =>
    used.reduce((total, usage) => total + pick(usage), 0)
  const [first] = used
  if (!first) return
  const quantities = {
    input_token: sum((usage) => usage.inputTokens - usage.cachedInputTokens),
    cached_input_token: sum((usage) => usage.cachedInputTokens),
    output_token: sum((usage) => usage.outputTokens),
  }
  const source = used.every((usage) => usage.isMeasured) ? 'measured' : 'estimated'
  const { provider, model } = first
  for (const [unit, quantity] of Object.entries(quantities))
    await recordUsage(ctx, {
      callId,
      key: `analysis:${unit}`,
      component: 'analysis',
      provider,
      model,
      unit,
      quantity,
      source,
    })
}

/** The telephone line itself; a call that was not answered costs nothing. */
function carrierUsage(call: CallRow): Usage[] {
  if (call.startedAt === null) return []
  // A call that ended within its first second was answered all the same.
  const quantity = Math.max(1, call.durationSeconds ?? 0)
  return [
    {
      component: 'carrier',
      provider: 'twilio',
      model: call.direction,
      unit: 'second',
      quantity,
      source: 'measured',
    },
  ]
}

/** The media process does not know which carrier its stream comes from. */
function ofCarrier(item: Usage): Usage {
  return item.component === 'media_stream' ? { ...item, provider: 'twilio' } : item
}

function listTurnTimes(ctx: ServiceContext, callId: string) {
  return ctx.db.sql<TurnTimes[]>`
    select turn, speech_ended_ms as "speechEndedMs", speech_committed_ms as "speechCommittedMs", words_known_ms as "wordsKnownMs",
      decided_ms as "decidedMs", llm_first_token_ms as "llmFirstTokenMs", first_clause_ms as "firstClauseMs",
      first_audio_ms as "firstAudioMs", first_audio_sent_ms as "firstAudioSentMs", heard_until_ms as "heardUntilMs", interrupted
    from turn_measurements where call_id = ${callId} order by coalesce(decided_ms, first_audio_sent_ms), response_id`
}
