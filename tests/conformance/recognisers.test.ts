import {
  createDeepgramFluxStt,
  createDeepgramListenStt,
  createOpenAiRealtimeStt,
} from '@phonevoice/providers'
import { describeStt } from '@phonevoice/providers/conformance'
import { onSandboxAsStt } from './on-sandbox.ts'

describeStt('OpenAI realtime transcription on the sandbox', () =>
  onSandboxAsStt(({ openAi }) =>
    createOpenAiRealtimeStt({ ...openAi, model: 'gpt-live-transcribe', finalTimeoutMs: 1500 }),
  ),
)

describeStt('Deepgram listen on the sandbox', () =>
  onSandboxAsStt(({ origin }) =>
    createDeepgramListenStt({ ...origin, model: 'nova-3', finalTimeoutMs: 1500 }),
  ),
)

describeStt('Deepgram Flux on the sandbox', () =>
  onSandboxAsStt(({ origin }) =>
    createDeepgramFluxStt({ ...origin, model: 'flux-general-en', finalTimeoutMs: 1500 }),
  ),
)
