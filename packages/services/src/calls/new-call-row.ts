import { newId } from '@phonevoice/base'
import { type CallCreate, DEFAULT_WEBHOOK_EVENTS } from '@phonevoice/contracts'
import type { SealedSettings } from '../assistants/settings.ts'
import type { Mode } from '../context.ts'
import type { CallRow } from './call-row.ts'

const RING_TIMEOUT_SECONDS_DEFAULT = 30

export interface CallParties {
  organizationId: string
  mode: Mode
  direction: 'outbound' | 'inbound'
  /** The person. */
  phoneNumber: string
  fromNumber: string
  carrierAccountId: string | null
  carrierCallId: string | null
  /** Until when it may wait to be dialled; absent: nobody dials it. */
  queueExpiresAt?: Date | undefined
}

/**
 * The first row of a call. `settings` are the assistant's with overrides applied: the call keeps this copy, so that a later change of the
 * assistant does not reach into a running call.
 */
export function newCallRow(
  parties: CallParties,
  request: Omit<CallCreate, 'phone_number' | 'from'>,
  settings: SealedSettings,
  now: Date,
): CallRow {
  return {
    id: newId('call', now.getTime()),
    ...parties,
    status: parties.direction === 'outbound' ? 'queued' : 'ringing',
    assistantId: request.assistant_id,
    assistant: settings,
    webhookUrl: request.webhook_url ?? settings.webhook_url,
    webhookEvents: [...(request.webhook_events ?? DEFAULT_WEBHOOK_EVENTS)],
    metadata: JSON.stringify(request.metadata ?? {}),
    variables: JSON.stringify(request.variables ?? {}),
    isRecorded: request.record ?? settings.recording.enabled,
    ringTimeoutSeconds: request.ring_timeout_seconds ?? RING_TIMEOUT_SECONDS_DEFAULT,
    maxDurationSeconds: request.max_duration_seconds ?? settings.max_duration_seconds,
    maxCostMicroUsd: request.max_cost_usd === undefined ? null : Math.round(request.max_cost_usd * 1_000_000),
    carrierCode: null,
    nodeId: null,
    endingReason: null,
    endedReason: null,
    createdAt: now,
    queueExpiresAt: parties.queueExpiresAt ?? null,
    callingHours: request.calling_hours === undefined ? null : JSON.stringify(request.calling_hours),
    dialedAt: null,
    startedAt: null,
    endedAt: null,
    lastSeenAt: now,
    completedAt: null,
    durationSeconds: null,
    costMicroUsd: null,
    costBreakdown: null,
    analysis: null,
    latency: null,
    disclosedAt: null,
    contentDeletedAt: null,
    lastSequence: 1,
  }
}
