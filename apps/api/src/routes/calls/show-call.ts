import type { Call } from '@phonevoice/contracts'
import { type CallRow, toCall } from '@phonevoice/services/calls'
import type { ServiceContext } from '@phonevoice/services/context'
import { findRecording, mintRecordingLink } from '@phonevoice/services/recordings'

/** A call as users see it, with a fresh link to its recording where there is one. */
export async function showCall(context: ServiceContext, row: CallRow): Promise<Call> {
  return toCall(row, { recordingUrl: await recordingUrlOf(context, row) })
}

async function recordingUrlOf(context: ServiceContext, row: CallRow): Promise<string | null> {
  // Audio is there to be heard only once the call is over: the question is not asked before.
  if (!row.isRecorded || row.startedAt === null || row.endedAt === null || row.contentDeletedAt !== null)
    return null
  const recording = await findRecording(context, { callId: row.id })
  if (!recording?.storageKey) return null
  return mintRecordingLink(context, { recording }).url
}
