/** Test-only: a chat server for each test, and a model that asks it. */
import { ProviderError } from '@phonevoice/base'
import { afterEach, beforeEach, expect } from 'vitest'
import type { LlmPart, LlmProvider, LlmRequest } from '../contract/index.ts'
import { createOpenAiLlm } from '../openai/llm.ts'
import type { OpenAiLlmOptions } from '../openai/options.ts'
import { type LoopbackServer, startHttpServer } from './http-server.ts'

/** The server of the test that runs. */
export let server: LoopbackServer

export function useChatServer(): void {
  beforeEach(async () => {
    server = await startHttpServer()
  })
  afterEach(() => server.close())
}

export function createLlm(options: Partial<OpenAiLlmOptions> = {}): LlmProvider {
  return createOpenAiLlm({
    apiKey: 'sk-test',
    baseUrl: `${server.origin}/v1`,
    model: 'm',
    isCustom: false,
    ...options,
  })
}

export function requestOf(overrides: Partial<LlmRequest> = {}): LlmRequest {
  return {
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello?' },
    ],
    temperature: 0.5,
    user: 'person_1',
    metadata: { assistant_id: 'asst_1' },
    callId: 'call_1',
    firstTokenTimeoutMs: 2_000,
    interTokenTimeoutMs: 1_000,
    signal: new AbortController().signal,
    ...overrides,
  }
}

export async function partsOf(llm: LlmProvider, overrides: Partial<LlmRequest> = {}): Promise<LlmPart[]> {
  const parts: LlmPart[] = []
  for await (const part of llm.stream(requestOf(overrides))) parts.push(part)
  return parts
}

export async function textOf(llm: LlmProvider, overrides: Partial<LlmRequest> = {}): Promise<string> {
  return (await partsOf(llm, overrides)).map((part) => (part.type === 'text-delta' ? part.text : '')).join('')
}

export async function failureOf(work: Promise<unknown>): Promise<ProviderError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(ProviderError)
  return error as ProviderError
}
