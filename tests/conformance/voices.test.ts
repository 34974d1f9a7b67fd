import {
  createDeepgramTts,
  createElevenLabsTts,
  createOpenAiCompatibleTts,
  createOpenAiRealtimeTts,
} from '@phonevoice/providers'
import { describeTts } from '@phonevoice/providers/conformance'
import { onSandboxAsTts } from './on-sandbox.ts'

describeTts('OpenAI-compatible speech on the sandbox', () =>
  onSandboxAsTts(({ openAi }) =>
    createOpenAiCompatibleTts({ ...openAi, model: 'kokoro', voiceId: 'af_heart' }),
  ),
)

describeTts('OpenAI realtime speech on the sandbox', () =>
  onSandboxAsTts(({ openAi }) =>
    createOpenAiRealtimeTts({ ...openAi, model: 'gpt-realtime-2.1-mini', voiceId: 'marin' }),
  ),
)

describeTts('Deepgram Aura on the sandbox', () =>
  onSandboxAsTts(({ origin }) => createDeepgramTts({ ...origin, model: 'aura-2', voiceId: 'thalia-en' })),
)

describeTts('ElevenLabs on the sandbox', () =>
  onSandboxAsTts(({ origin }) =>
    createElevenLabsTts({ ...origin, model: 'eleven_flash_v2_5', voiceId: 'JBFqnCBsd6RMkjVDRZzb' }),
  ),
)
