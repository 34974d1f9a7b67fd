import {
  createDeepgramFluxStt,
  createDeepgramListenStt,
  createOpenAiRealtimeStt,
} from '@phonevoice/providers'
import { describeStt } from '@phonevoice/providers/conformance'
import { onSandboxAsStt } from './on-sandbox.ts'

describeStt('OpenAI realtime transcription on the sandbox', () =>
  onSandboxAsStt(({ openAi }) => createOpenAiRealtimeStt({ ...openAi, model: 'gpt-live-transcribe' })),
)

describeStt('Deepgram listen on the sandbox', () =>
  onSandboxAsStt(({ origin }) => createDeepgramListenStt({ ...origin, model: 'nova-3' })),
)

describeStt('Deepgram Flux on the sandbox', () =>
  onSandboxAsStt(({ origin }) => createDeepgramFluxStt({ ...origin, model: 'flux-general-en' })),
)
