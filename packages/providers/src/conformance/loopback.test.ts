/** The suites on our own adapters, against the minimal servers of the adapters' tests. Elsewhere they run against the sandbox. */
import { createOpenAiLlm, createOpenAiRealtimeStt } from '../openai/index.ts'
import { createOpenAiCompatibleTts } from '../openai-compatible/index.ts'
import { delta, doneLine, stopChunk } from '../testing/chat-answers.ts'
import { json, pieces, startHttpServer } from '../testing/http-server.ts'
import { sound, startTranscriptionServer } from '../testing/transcription-server.ts'
import { describeLlm, describeStt, describeTts } from './index.ts'

describeStt('OpenAI realtime transcription', async () => {
  const server = await startTranscriptionServer()
  return {
    provider: createOpenAiRealtimeStt({
      apiKey: 'k',
      baseUrl: server.origin,
      model: 'm',
      finalTimeoutMs: 300,
    }),
    soundOf: sound,
    fallSilent: () => {
      server.behaviour.onCommit = () => {}
    },
    refuse: () => void server.refusals.push(401),
    close: server.close,
  }
})

describeLlm('OpenAI chat completions', async () => {
  const server = await startHttpServer(async (response, request) => {
    const prompt: string = JSON.parse(request.body).messages.at(-1).content
    const words = prompt.split(' ').map((word) => delta(`${word} `))
    if (prompt === 'endless')
      await pieces('text/event-stream', Array(50).fill(delta('and on ')), 'hang')(response, request)
    else await pieces('text/event-stream', [...words, stopChunk, doneLine])(response, request)
  })
  return {
    provider: createOpenAiLlm({ apiKey: 'k', baseUrl: server.origin, model: 'm', isCustom: true }),
    messagesFor: (content) => [{ role: 'user', content }],
    endlessMessages: [{ role: 'user', content: 'endless' }],
    fallSilent: () => server.answerWith(() => {}),
    refuse: () => server.answerWith(json(403, {})),
    close: server.close,
  }
})

describeTts('OpenAI-compatible speech', async () => {
  // The text itself, a sample of two bytes per character, stands for its sound.
  const server = await startHttpServer(async (response, request) => {
    if (request.method === 'GET') return json(200, { data: [] })(response, request)
    const bytes = Buffer.from(JSON.parse(request.body).input as string, 'utf16le')
    const chunks = Array.from({ length: Math.ceil(bytes.length / 9) }, (_, i) =>
      bytes.subarray(i * 9, i * 9 + 9),
    )
    await pieces('audio/pcm', chunks)(response, request)
  })
  return {
    provider: createOpenAiCompatibleTts({ apiKey: null, baseUrl: server.origin, model: 'm', voiceId: 'v' }),
    wordsIn: (audio) => Buffer.from(audio).toString('utf16le'),
    fallSilent: () => server.answerWith(() => {}),
    refuse: () => server.answerWith(json(403, {})),
    close: server.close,
  }
})
