export type { AnalysisSubject, Analyst } from './analyse-call.ts'
export { type FinishInput, finishCall, STREAMS_WAIT_MS } from './finish-call.ts'
export type { MergeRecording } from './finish-recording.ts'
export type { PlacedPart } from './plan-recording.ts'
