import { createOpenAiLlm } from '@phonevoice/providers'
import { describeLlm } from '@phonevoice/providers/conformance'
import { startVendors } from './on-sandbox.ts'

describeLlm('OpenAI chat completions on the sandbox', async () => {
  const { openAi, server } = await startVendors()
  const saying = (words: string) => [
    { role: 'system' as const, content: `Say exactly: ${words}` },
    { role: 'user' as const, content: 'Go on.' },
  ]
  return {
    provider: createOpenAiLlm({ ...openAi, model: 'sandbox-llm', isCustom: false }),
    messagesFor: saying,
    endlessMessages: saying('and on '.repeat(500)),
    refuse: () => server.faults.add({ target: 'chat', kind: 'status', status: 403, times: null }),
    fallSilent: () => server.faults.add({ target: 'chat', kind: 'slow', times: null }),
    close: server.close,
  }
})
