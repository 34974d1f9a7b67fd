export {
  createSpeechDecoder,
  decodeSpeech,
  type HeardWord,
  type SpeechDecoder,
  type SpeechDecoderOptions,
} from './decode-speech.ts'
export { encodeSpeech, encodeSpeechParts, type SpeechOptions } from './encode-speech.ts'
export { mixSpeech } from './mix-speech.ts'
export { type AudibleSpeechOptions, speakAudibly } from './speak-audibly.ts'
