import {
  type Analysis,
  type Call,
  type CostLine,
  ENDED_REASONS,
  type EndedReason,
  type Latency,
} from '@phonevoice/contracts'
import type { CallRow } from './call-row.ts'

/** The public shape of a call. `recordingUrl` is minted by whoever asks (see `mintRecordingLink`); null when there is no recording. */
export function toCall(
  row: CallRow,
  options: { recordingUrl: string | null; queuePosition?: number | null },
): Call {
  return {
    id: row.id,
    object: 'call',
    mode: row.mode,
    direction: row.direction,
    status: row.status,
    phone_number: row.phoneNumber,
    from: row.fromNumber,
    assistant_id: row.assistantId,
    webhook_url: row.webhookUrl,
    metadata: parse<Call['metadata']>(row.metadata),
    variables: parse<Call['variables']>(row.variables),
    created_at: row.createdAt.toISOString(),
    queue_position: options.queuePosition ?? null,
    queue_expires_at: row.status === 'queued' ? (row.queueExpiresAt?.toISOString() ?? null) : null,
    started_at: row.startedAt?.toISOString() ?? null,
    ended_at: row.endedAt?.toISOString() ?? null,
    duration_seconds: row.durationSeconds,
    ended_reason: row.endedReason as EndedReason | null,
    outcome: outcomeOf(row),
    cost: row.costMicroUsd === null ? null : row.costMicroUsd / 1_000_000,
    cost_breakdown: row.costBreakdown === null ? [] : parse<CostLine[]>(row.costBreakdown),
    recording_url: options.recordingUrl,
    analysis: row.analysis === null ? null : parse<Analysis>(row.analysis),
    latency: row.latency === null ? null : parse<Latency>(row.latency),
    disclosed_at: row.disclosedAt?.toISOString() ?? null,
    content_deleted_at: row.contentDeletedAt?.toISOString() ?? null,
  }
}

/** How an ended call came out; null while it lives. */
export function outcomeOf(
  row: Pick<CallRow, 'endedReason' | 'carrierCallId' | 'carrierCode'>,
): Call['outcome'] {
  if (row.endedReason === null) return null
  const wasCarrierAsked = row.carrierCallId !== null || row.carrierCode !== null
  return {
    ...ENDED_REASONS[row.endedReason as EndedReason],
    carrier: wasCarrierAsked ? { name: 'twilio', call_id: row.carrierCallId, code: row.carrierCode } : null,
  }
}

/** These columns hold JSON text that our own writers made from the same types. */
function parse<T>(text: string): T {
  return JSON.parse(text) as T
}
