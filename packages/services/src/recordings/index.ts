export { deleteMergedParts } from './delete-merged-parts.ts'
export {
  findRecording,
  getRecording,
  listRecordedStreams,
  type RecordedStream,
  type RecordingRow,
} from './read-recording.ts'
export {
  mintRecordingLink,
  openRecordingLink,
  type RecordingLink,
  revokeRecordingLinks,
} from './recording-link.ts'
export { addRecordingPart, completeRecording, type RecordingPart, startRecording } from './write-recording.ts'
