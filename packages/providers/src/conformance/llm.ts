/** What media and worker rely on in every language model. Run it on an adapter with `describeLlm('name', createFixture)`. */
import { ProviderError } from '@phonevoice/base'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LlmMessage, LlmPart, LlmRequest } from '../contract/index.ts'
import { type LlmFixture, spokenForm } from './fixtures.ts'

const WAIT_MS = 20_000
const HELLO: readonly LlmMessage[] = [{ role: 'user', content: 'Hello?' }]

export function describeLlm(name: string, create: () => Promise<LlmFixture>): void {
  describe(`${name} as a language model`, () => {
    let fixture: LlmFixture
    beforeEach(async () => {
      fixture = await create()
    })
    afterEach(() => fixture.close())

    function requestOf(messages: readonly LlmMessage[], overrides: Partial<LlmRequest> = {}): LlmRequest {
      return {
        messages,
        temperature: null,
        user: 'person_1',
        metadata: {},
        callId: 'call_1',
        firstTokenTimeoutMs: 10_000,
        interTokenTimeoutMs: 5_000,
        signal: new AbortController().signal,
        ...overrides,
      }
    }

    async function partsOf(
      messages: readonly LlmMessage[],
      overrides: Partial<LlmRequest> = {},
    ): Promise<LlmPart[]> {
      const parts: LlmPart[] = []
      for await (const part of fixture.provider.stream(requestOf(messages, overrides))) parts.push(part)
      return parts
    }

    const textIn = (parts: readonly LlmPart[]) =>
      parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('')

    test('answers in pieces and finishes once, with usage', { timeout: WAIT_MS }, async () => {
      const parts = await partsOf(fixture.messagesFor('two large pizzas are on their way'))
      expect(spokenForm(textIn(parts))).toBe('two large pizzas are on their way')
      expect(parts.filter(({ type }) => type === 'text-delta').length).toBeGreaterThan(1)
      expect(parts.filter(({ type }) => type === 'finish')).toHaveLength(1)
      const finish = parts.at(-1)
      expect(finish).toMatchObject({ type: 'finish', reason: 'stop' })
      if (finish?.type === 'finish') {
        expect(finish.usage.inputTokens).toBeGreaterThan(0)
        expect(finish.usage.outputTokens).toBeGreaterThan(0)
      }
    })

    test('keeps the words of calls apart', { timeout: WAIT_MS }, async () => {
      const said = ['red one', 'blue two', 'green three', 'yellow four']
      const heard = await Promise.all(
        said.map(async (words) => spokenForm(textIn(await partsOf(fixture.messagesFor(words))))),
      )
      expect(heard).toEqual(said)
    })

    test('ends silently when aborted', { timeout: WAIT_MS }, async () => {
      const controller = new AbortController()
      const parts: LlmPart[] = []
      for await (const part of fixture.provider.stream(
        requestOf(fixture.endlessMessages, { signal: controller.signal }),
      )) {
        parts.push(part)
        if (part.type === 'text-delta') controller.abort()
      }
      expect(parts.map(({ type }) => type)).not.toContain('finish')
      expect(parts.filter(({ type }) => type === 'text-delta')).toHaveLength(1)
    })

    test('throws a provider error when refused', { timeout: WAIT_MS }, async ({ skip }) => {
      if (!fixture.refuse) return skip()
      fixture.refuse()
      await expect(partsOf(HELLO)).rejects.toBeInstanceOf(ProviderError)
    })

    test('throws a timeout when nobody answers', { timeout: WAIT_MS }, async ({ skip }) => {
      if (!fixture.fallSilent) return skip()
      fixture.fallSilent()
      await expect(partsOf(HELLO, { firstTokenTimeoutMs: 200 })).rejects.toMatchObject({
        category: 'timeout',
      })
    })
  })
}
