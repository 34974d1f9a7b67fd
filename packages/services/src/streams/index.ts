export { closeStream } from './close-stream.ts'
export { findStreamAccount, type StreamAccount } from './find-stream-account.ts'
export { type MintedStream, mintStream } from './mint-stream.ts'
export { type OpenStream, openStream, type SessionBrief } from './open-stream.ts'
