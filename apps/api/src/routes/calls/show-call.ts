import type { Call, StoredEvent } from '@phonevoice/contracts'
import { type ApiKeyOwner, hasScope } from '@phonevoice/services/api-keys'
import { auditReads } from '@phonevoice/services/audit'
import { type CallRow, toCall } from '@phonevoice/services/calls'
import type { ServiceContext } from '@phonevoice/services/context'
import { findRecording, mintRecordingLink } from '@phonevoice/services/recordings'
import type { Context } from 'hono'
import type { ApiEnv } from '../../dependencies.ts'

/** A call as the key's owner sees it, with a fresh link to its recording where there is one and the key may hear it. */
export async function showCall(c: Context<ApiEnv>, row: CallRow): Promise<Call> {
  const [call] = await showCalls(c, [row])
  return call as Call
}

export async function showCalls(c: Context<ApiEnv>, rows: readonly CallRow[]): Promise<Call[]> {
  const { organizationId, mode, scopes } = c.get('owner')
  const context = c.get('context')
  const mayHear = hasScope({ scopes }, 'recordings:read')
  const urls = await Promise.all(rows.map((row) => (mayHear ? recordingUrlOf(context, row) : null)))
  await auditReads(context, {
    organizationId,
    mode,
    action: 'recording.link_issued',
    resourceIds: rows.filter((_, index) => urls[index] !== null).map((row) => row.id),
  })
  return rows.map((row, index) => toCall(row, { recordingUrl: urls[index] ?? null }))
}

/** An event as it was sent, without the link to the recording for a key that may not hear it. */
export function showEvent(owner: ApiKeyOwner, event: StoredEvent): StoredEvent {
  if (event.type !== 'call.completed' || hasScope(owner, 'recordings:read')) return event
  const data = JSON.parse(event.data) as Record<string, unknown>
  return 'recording_url' in data
    ? { ...event, data: JSON.stringify({ ...data, recording_url: null }) }
    : event
}

async function recordingUrlOf(context: ServiceContext, row: CallRow): Promise<string | null> {
  // Audio is there to be heard only once the call is over: the question is not asked before.
  if (!row.isRecorded || row.startedAt === null || row.endedAt === null || row.contentDeletedAt !== null)
    return null
  const recording = await findRecording(context, { callId: row.id })
  if (!recording?.storageKey) return null
  return mintRecordingLink(context, { recording }).url
}
