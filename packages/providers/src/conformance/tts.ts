/** What media relies on in every voice. Run it on an adapter with `describeTts('name', createFixture)`. */
import { ProviderError } from '@phonevoice/base'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { TtsRequest } from '../contract/index.ts'
import { spokenForm, type TtsFixture } from './fixtures.ts'

const WAIT_MS = 20_000

export function describeTts(name: string, create: () => Promise<TtsFixture>): void {
  describe(`${name} as a voice`, () => {
    let fixture: TtsFixture
    beforeEach(async () => {
      fixture = await create()
    })
    afterEach(() => fixture.close())

    function requestOf(text: string, overrides: Partial<TtsRequest> = {}): TtsRequest {
      return {
        text,
        speed: 1,
        language: 'en-US',
        firstAudioTimeoutMs: 10_000,
        signal: new AbortController().signal,
        ...overrides,
      }
    }

    async function chunksOf(text: string, overrides: Partial<TtsRequest> = {}): Promise<Uint8Array[]> {
      const chunks: Uint8Array[] = []
      for await (const chunk of fixture.provider.synthesize(requestOf(text, overrides))) chunks.push(chunk)
      return chunks
    }

    test('says the words it was given, in whole samples', { timeout: WAIT_MS }, async () => {
      const chunks = await chunksOf('Two large pizzas, please.')
      const bytesPerSample = fixture.provider.format.encoding === 'pcm16' ? 2 : 1
      for (const chunk of chunks) {
        expect(chunk.length).toBeGreaterThan(0)
        expect(chunk.length % bytesPerSample).toBe(0)
      }
      expect(spokenForm(await fixture.wordsIn(Buffer.concat(chunks)))).toBe('two large pizzas please')
    })

    test('keeps the words of calls apart', { timeout: WAIT_MS }, async () => {
      const said = ['red one', 'blue two', 'green three', 'yellow four']
      const heard = await Promise.all(
        said.map(async (words) => fixture.wordsIn(Buffer.concat(await chunksOf(words)))),
      )
      expect(heard.map(spokenForm)).toEqual(said)
    })

    test('says nothing for no text', async () => {
      expect(await chunksOf(' ')).toEqual([])
    })

    test('ends silently when aborted', { timeout: WAIT_MS }, async () => {
      const controller = new AbortController()
      let count = 0
      const long = Array(40).fill('This goes on and on.').join(' ')
      for await (const _ of fixture.provider.synthesize(requestOf(long, { signal: controller.signal }))) {
        count++
        controller.abort()
      }
      expect(count).toBe(1)
    })

    test('warms without complaint, even when refused', { timeout: WAIT_MS }, async () => {
      await fixture.provider.warm()
      fixture.refuse?.()
      await fixture.provider.warm()
    })

    test('throws a provider error when refused', { timeout: WAIT_MS }, async ({ skip }) => {
      if (!fixture.refuse) return skip()
      fixture.refuse()
      await expect(chunksOf('hello')).rejects.toBeInstanceOf(ProviderError)
    })

    test('throws a timeout when nobody answers', { timeout: WAIT_MS }, async ({ skip }) => {
      if (!fixture.fallSilent) return skip()
      fixture.fallSilent()
      await expect(chunksOf('hello', { firstAudioTimeoutMs: 200 })).rejects.toMatchObject({
        category: 'timeout',
      })
    })
  })
}
