export * from './contract/index.ts'
export {
  type MachineDetectionCallback,
  parseMachineDetectionCallback,
  parseStatusCallback,
  parseStreamCallback,
  parseVoiceRequest,
  type StatusCallback,
  type StreamCallback,
  type VoiceRequest,
} from './twilio/callbacks.ts'
export { isOutcomeUnknown, refusalOf } from './twilio/errors.ts'
export {
  createMediaStreamWriter,
  MediaStreamError,
  type MediaStreamErrorCode,
  type MediaStreamMessage,
  type MediaStreamWriter,
  parseMediaStreamMessage,
} from './twilio/media-stream.ts'
export { createTwilioClient, type TwilioClientOptions } from './twilio/rest-client.ts'
export {
  type FormPairs,
  signTwilioUrl,
  verifyTwilioForm,
  verifyTwilioHandshake,
  verifyTwilioJson,
} from './twilio/signature.ts'
export {
  askAgainTwiml,
  connectStreamTwiml,
  emptyTwiml,
  hangupTwiml,
  rejectTwiml,
  type StreamTwiml,
  sayTwiml,
} from './twilio/twiml.ts'
