import { OpenAI } from 'openai'
import type { HttpAnswer } from '../contract/index.ts'
import { orAborted, readBody } from '../streaming/watchdog.ts'
import { readAnswer } from './answer-reader.ts'
import { type ChatBody, chatCompletionsUrl } from './chat-request.ts'
import type { OpenAiLlmOptions } from './options.ts'
import { type ChatChunk, readChatChunk } from './wire.ts'

/** Sends one chat completion and yields what comes back, piece by piece or in one. Throws what the `openai` package or the connection throws. */
export type SendChat = (body: ChatBody, callId: string, signal: AbortSignal) => AsyncIterable<ChatChunk>

/** Deadlines are our watchdog's; the package's own (ten minutes by default) only has to stay out of the way. */
const PACKAGE_TIMEOUT_MS = 600_000

/**
 * The `openai` package builds the request, knows the types and classifies failures. Three things are ours, in the `fetch` it is given: the exact
 * address (the package would lose a query string), the headers (nothing from the environment, no telemetry, to anyone's endpoint), and the signature
 * over the bytes that are really sent.
 */
export function createSendChat(options: OpenAiLlmOptions): SendChat {
  const address = chatCompletionsUrl(options.baseUrl)
  const send = options.fetch ?? fetch
  const client = new OpenAI({
    apiKey: options.apiKey ?? 'none',
    baseURL: 'http://address.invalid',
    organization: null,
    project: null,
    maxRetries: 0,
    timeout: PACKAGE_TIMEOUT_MS,
    logLevel: 'off',
    fetch: (_, init) => {
      const body = String(init?.body)
      // A user's header replaces ours, however they write its name.
      const headers = new Headers(
        options.apiKey === null ? {} : { authorization: `Bearer ${options.apiKey}` },
      )
      for (const [name, value] of Object.entries(options.headers ?? {})) headers.set(name, value)
      const callId = new Headers(init?.headers).get(CALL_ID_HEADER)
      if (options.isCustom && callId !== null) headers.set(CALL_ID_HEADER, callId)
      for (const [name, value] of Object.entries(options.signRequest?.(body) ?? {})) headers.set(name, value)
      headers.set('content-type', 'application/json')
      headers.set('accept', 'text/event-stream, application/json')
      headers.set('user-agent', 'PhoneVoice')
      return send(address, {
        method: 'POST',
        headers: Object.fromEntries(headers),
        body,
        signal: init?.signal ?? null,
      }).then(asResponse)
    },
  })

  return async function* sendChat(body, callId, signal) {
    const pending = client.chat.completions
      .create(body, { signal, headers: { [CALL_ID_HEADER]: callId } })
      .asResponse()
    const response = await orAborted(pending, signal)
    for await (const data of readAnswer(readBody(response, signal))) yield readChatChunk(data)
  }
}

/** For the `openai` package, which looks at an answer's status and headers, and at its text where that is an error; the body of a good one it only hands on. */
function asResponse(answer: HttpAnswer): Response {
  return answer as Response
}

const CALL_ID_HEADER = 'PhoneVoice-Call-Id'
