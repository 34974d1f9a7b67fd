/** What media relies on in every recogniser, whoever makes it. Run it on an adapter with `describeStt('name', createFixture)`. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { SttPart, SttStream } from '../contract/index.ts'
import { type SttFixture, spokenForm } from './fixtures.ts'

const FRAME_BYTES = 160
const WAIT_MS = 15_000
/** Longer than anybody waits for more after a finished sentence. */
const SILENCE_MS = 2000

export function describeStt(name: string, create: () => Promise<SttFixture>): void {
  describe(`${name} as a recogniser`, () => {
    let fixture: SttFixture
    let streams: SttStream[]
    beforeEach(async () => {
      streams = []
      fixture = await create()
    })
    afterEach(async () => {
      for (const stream of streams) stream.close()
      await fixture.close()
    })

    function open() {
      const parts: SttPart[] = []
      const stream = fixture.provider.open({
        language: 'en-US',
        keywords: [],
        onPart: (part) => parts.push(part),
      })
      streams.push(stream)
      return { stream, parts }
    }

    async function say(stream: SttStream, words: string, itemId: string): Promise<void> {
      const sound = await fixture.soundOf(words)
      for (let at = 0; at < sound.length; at += FRAME_BYTES)
        stream.sendAudio(sound.subarray(at, at + FRAME_BYTES))
      stream.commit(itemId)
    }

    const outcomes = (parts: readonly SttPart[]) =>
      parts.filter((part) => part.type === 'final' || part.type === 'item-failed' || part.type === 'failed')
    const until = (check: () => void) => vi.waitFor(check, { timeout: WAIT_MS, interval: 5 })

    test('gives every span its own words, once', { timeout: 2 * WAIT_MS }, async () => {
      const { stream, parts } = open()
      const said = ['two large pizzas', 'to the green house', 'thank you']
      for (const [i, words] of said.entries()) await say(stream, words, `item-${i}`)
      await until(() => expect(outcomes(parts)).toHaveLength(said.length))
      for (const [i, words] of said.entries()) {
        const final = outcomes(parts).find((part) => 'itemId' in part && part.itemId === `item-${i}`)
        expect(final).toMatchObject({ type: 'final' })
        expect(spokenForm((final as { text: string }).text)).toBe(words)
      }
    })

    test('keeps the words of calls apart', { timeout: 2 * WAIT_MS }, async () => {
      const calls = ['red one', 'blue two', 'green three', 'yellow four'].map((words) => ({
        words,
        ...open(),
      }))
      await Promise.all(calls.map(({ stream, words }) => say(stream, words, 'a')))
      for (const { parts, words } of calls) {
        await until(() => expect(outcomes(parts)).toHaveLength(1))
        expect(outcomes(parts).map((part) => ('text' in part ? spokenForm(part.text) : ''))).toEqual([words])
      }
    })

    test('says ready once, before any words', { timeout: 2 * WAIT_MS }, async () => {
      const { stream, parts } = open()
      await say(stream, 'hello', 'a')
      await until(() => expect(outcomes(parts)).toHaveLength(1))
      const heard = parts.filter(({ type }) => type !== 'warning' && type !== 'usage').map(({ type }) => type)
      expect(heard[0]).toBe('ready')
      expect(heard.filter((type) => type === 'ready')).toHaveLength(1)
      if (fixture.provider.capabilities.partials) expect(heard).toContain('partial')
    })

    test('reports about the seconds that were sent', { timeout: 2 * WAIT_MS }, async () => {
      const { stream, parts } = open()
      const sound = await fixture.soundOf('two large pizzas')
      await say(stream, 'two large pizzas', 'a')
      await until(() => expect(outcomes(parts)).toHaveLength(1))
      stream.close()
      const seconds = parts.reduce((sum, part) => sum + (part.type === 'usage' ? part.audioSeconds : 0), 0)
      expect(seconds).toBeGreaterThanOrEqual(sound.length / 8000)
      expect(seconds).toBeLessThan(sound.length / 8000 + 1)
    })

    test('tells of each turn in order, where it judges turns', { timeout: 2 * WAIT_MS }, async ({ skip }) => {
      if (!fixture.provider.capabilities.turnSignals) return skip()
      const { stream, parts } = open()
      const signals = () => parts.flatMap((part) => (part.type === 'turn' ? [part.signal] : []))
      for (const [i, words] of ['Two large pizzas.', 'Thank you.'].entries()) {
        await say(stream, words, `item-${i}`)
        for (let ms = 0; ms < SILENCE_MS; ms += 20) stream.sendAudio(new Uint8Array(FRAME_BYTES).fill(0xff))
        await until(() => expect(signals().filter((signal) => signal === 'end')).toHaveLength(i + 1))
      }
      const order = signals().join(' ')
      expect(order).toMatch(/^(started( eager-end( resumed eager-end)*( resumed)?)? end( |$)){2}$/)
      expect(outcomes(parts)).toHaveLength(2)
    })

    test('says nothing after close, which may be repeated', { timeout: 2 * WAIT_MS }, async () => {
      const { stream, parts } = open()
      await until(() => expect(parts.map(({ type }) => type)).toContain('ready'))
      await say(stream, 'hello', 'a')
      stream.close()
      const count = parts.length
      stream.close()
      stream.sendAudio(new Uint8Array(160))
      stream.commit('b')
      const other = open()
      await say(other.stream, 'hello', 'a')
      await until(() => expect(outcomes(other.parts)).toHaveLength(1))
      expect(parts).toHaveLength(count)
    })

    test('fails once, for good, when refused', { timeout: 2 * WAIT_MS }, async ({ skip }) => {
      if (!fixture.refuse) return skip()
      fixture.refuse()
      const { stream, parts } = open()
      await until(() => expect(parts.at(-1)).toMatchObject({ type: 'failed' }))
      await say(stream, 'hello', 'a')
      expect(parts.filter(({ type }) => type === 'failed')).toHaveLength(1)
    })

    test('fails at a deadline when nobody answers', { timeout: 2 * WAIT_MS }, async ({ skip }) => {
      if (!fixture.fallSilent) return skip()
      fixture.fallSilent()
      const { stream, parts } = open()
      await say(stream, 'hello', 'a')
      await until(() => expect(outcomes(parts).map(({ type }) => type)).toContain('item-failed'))
    })
  })
}
