import { Conflict, NotFound } from '@phonevoice/base'
import { type CallKey, getCall } from '@phonevoice/services/calls'
import { contentDeleted } from '@phonevoice/services/content'
import type { ServiceContext } from '@phonevoice/services/context'
import { findRecording, type RecordingRow } from '@phonevoice/services/recordings'

/** A call's recording that can be heard. Throws `not_found`, `recording_not_ready`, `recording_unavailable` or `content_deleted`. */
export async function readyRecording(context: ServiceContext, key: CallKey): Promise<RecordingRow> {
  const call = await getCall(context, key)
  const recording = await findRecording(context, { callId: call.id })
  if (call.contentDeletedAt !== null || recording?.status === 'deleted') throw contentDeleted()
  if (recording?.storageKey) return recording
  const mayStillCome = call.isRecorded && call.completedAt === null && recording?.status !== 'failed'
  if (mayStillCome)
    throw new Conflict(
      'recording_not_ready',
      'The recording is made when the call is over: wait for call.completed.',
    )
  throw new NotFound(
    'recording_unavailable',
    call.isRecorded
      ? 'Nothing of this call was recorded, or the recording failed.'
      : 'This call was not recorded: set recording.enabled of the assistant, or record of the call.',
  )
}
