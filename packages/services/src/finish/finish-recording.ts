import type { EventData } from '@phonevoice/contracts'
import type { CallRow } from '../calls/call-row.ts'
import type { ServiceContext } from '../context.ts'
import {
  completeRecording,
  findRecording,
  type RecordedStream,
  type RecordingRow,
  startRecording,
} from '../recordings/index.ts'
import { type PlacedPart, planRecording } from './plan-recording.ts'

/** Merging runs beside the analysis and has as long. */
const MERGE_TIMEOUT_MS = 20_000

/** Writes the parts as one file with silence where none is. Repeating it writes the same file. */
export type MergeRecording = (input: {
  /** Where the file goes. */
  storageKey: string
  parts: readonly PlacedPart[]
  lengthMs: number
  signal: AbortSignal
}) => Promise<{ sizeBytes: number; durationMs: number; missingParts: number }>

export interface FinishedRecording {
  info: EventData<'call.completed'>['recording']
  /** Null when there is nothing to listen to. */
  row: RecordingRow | null
}

/** `disabled` also stands for a call that was never answered: there was nothing to record. Never throws for a recording's sake. */
export async function finishRecording(
  ctx: ServiceContext,
  input: { call: CallRow; streams: readonly RecordedStream[]; mergeRecording: MergeRecording | null },
): Promise<FinishedRecording> {
  const { call, streams } = input
  if (!call.isRecorded || call.startedAt === null)
    return { info: { status: 'disabled', duration_seconds: null }, row: null }
  await startRecording(ctx, { callId: call.id })
  const before = await findRecording(ctx, { callId: call.id })
  if (before?.status === 'recording') {
    const merged = await merge(ctx, call, streams, input.mergeRecording)
    await completeRecording(ctx, { callId: call.id, ...merged })
  }
  const row = await findRecording(ctx, { callId: call.id })
  if (row?.storageKey == null || (row.status !== 'ready' && row.status !== 'partial'))
    return { info: { status: 'failed', duration_seconds: null }, row: null }
  return {
    info: { status: row.status, duration_seconds: row.durationMs === null ? null : row.durationMs / 1000 },
    row,
  }
}

type Merged = Omit<Parameters<typeof completeRecording>[1], 'callId'>
const FAILED: Merged = { status: 'failed', storageKey: null, durationMs: null, sizeBytes: null }

async function merge(
  ctx: ServiceContext,
  call: CallRow,
  streams: readonly RecordedStream[],
  mergeRecording: MergeRecording | null,
): Promise<Merged> {
  const plan = planRecording(streams, {
    startedAtMs: call.startedAt?.getTime() ?? 0,
    endedAtMs: call.endedAt?.getTime() ?? 0,
  })
  if (!mergeRecording || plan.parts.length === 0) return FAILED
  const storageKey = `recordings/${call.id}/call.wav`
  const signal = AbortSignal.timeout(MERGE_TIMEOUT_MS)
  try {
    const file = await mergeRecording({ storageKey, parts: plan.parts, lengthMs: plan.lengthMs, signal })
    const isWhole = plan.isComplete && file.missingParts === 0
    return {
      status: isWhole ? 'ready' : 'partial',
      storageKey,
      durationMs: file.durationMs,
      sizeBytes: file.sizeBytes,
    }
  } catch (error) {
    ctx.log.error('A recording could not be merged', { callId: call.id, error })
    return FAILED
  }
}
