export type { DeepgramFluxSttOptions, DeepgramListenSttOptions, DeepgramTtsOptions } from './options.ts'
export { createDeepgramFluxStt } from './stt-flux.ts'
export { createDeepgramListenStt } from './stt-listen.ts'
export { createDeepgramTts } from './tts.ts'
