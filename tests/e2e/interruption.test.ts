import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ serverUrl: inject('postgresUrl') })
})
afterAll(() => system?.stop())

interface Turn {
  turn: number | null
  speech_ended_ms: number | null
  sent_ms: number | null
  heard_ms: number | null
  interrupted: boolean
  vendors_ms: number | null
  platform_ms: number | null
}

/** The dialogue of the model's requests that belong to this conversation, system prompt left out. */
async function requestsWith(marker: string): Promise<{ role: string; content: string }[][]> {
  const { body } = await system.providers('GET', '/requests?target=chat')
  return body.requests
    .map((request: { body: { messages: { role: string; content: string }[] } }) => request.body.messages)
    .filter((messages: { role: string; content: string }[]) => messages[0]?.content.includes(marker))
    .map((messages: { role: string; content: string }[]) => messages.slice(1))
}

describe('a caller who interrupts', () => {
  it.concurrent('stops hearing the assistant, and the model is told only what was heard', async () => {
    const placed = await system.call({
      phone_number: '+12025550105',
      assistant_overrides: { instructions: 'marker-interrupts' },
    })
    const { webhooks, phone } = await placed.completed()
    const [interruption] = phone.phone.interruptions
    expect(interruption.latency_ms).toBeLessThan(700)
    expect(phone.streams.every((stream: { warnings: unknown[] }) => stream.warnings.length === 0)).toBe(true)

    const cut = webhooks.map((webhook) => webhook.json.data).find((data) => data.interrupted)
    expect(cut.role).toBe('assistant')
    expect(cut.text_planned.startsWith(cut.text)).toBe(true)
    expect(cut.text_planned.length).toBeGreaterThan(cut.text.length)
    const heardOfStory = phone.phone.heard.text.slice(phone.phone.heard.text.indexOf('Once'))
    const heardWords = heardOfStory
      .split(' ')
      .findIndex(
        (_word: string, index: number, all: string[]) =>
          !cut.text_planned.startsWith(all.slice(0, index + 1).join(' ')),
      )
    expect(Math.abs(cut.text.split(' ').length - heardWords)).toBeLessThanOrEqual(1)

    // As much audio as the time from its first sound to where it was cut, give or take what was on its way.
    expect(Math.abs(cut.cut_offset_ms - (cut.end_ms - cut.start_ms))).toBeLessThan(500)

    const { latency } = webhooks.at(-1)!.json.data
    const turns: Turn[] = latency.per_turn
    const answer = turns.findIndex(({ turn }) => turn === cut.turn)
    expect(turns[answer]).toMatchObject({ interrupted: true, heard_ms: cut.end_ms })
    // The wait for the next answer begins with the words that interrupted, not with anything before them.
    const said = webhooks.map((webhook) => webhook.json.data).find(({ turn }) => turn === cut.turn + 1)
    expect(turns[answer + 1]?.speech_ended_ms).toBe(said.end_ms)
    for (const { speech_ended_ms, sent_ms, vendors_ms, platform_ms } of turns) {
      if (speech_ended_ms === null || sent_ms === null) continue
      expect((vendors_ms ?? 0) + (platform_ms ?? 0)).toBe(sent_ms - speech_ended_ms)
    }

    const requests = await requestsWith('marker-interrupts')
    const next = requests.find((messages) => messages.at(-1)?.content.includes('another question'))
    expect(next?.at(-2)).toEqual({ role: 'assistant', content: cut.text })
    expect(JSON.stringify(next)).not.toContain('laugh')
  })

  it.concurrent('loses no word of the answer to "uh huh" and noise', async () => {
    const placed = await system.call({ phone_number: '+12025550109' })
    const { webhooks, phone } = await placed.completed()
    const story = webhooks
      .map((webhook) => webhook.json.data)
      .find((data) => data.text?.startsWith('Once upon'))
    expect(story.interrupted).toBe(false)
    expect(phone.phone.heard.text).toContain(story.text)
    expect(webhooks.filter((webhook) => /uh huh/i.test(webhook.json.data.text ?? ''))).toEqual([])
  })

  it.concurrent('is not answered into the pause of a spelled number', async () => {
    const placed = await system.call({ phone_number: '+12025550110' })
    const { webhooks } = await placed.completed()
    const numbers = webhooks
      .map((webhook) => webhook.json.data)
      .filter((data) => data.role === 'user' && /five/.test(data.text))
    expect(numbers.map((data) => data.text)).toEqual(['my number is five five five one two three four'])
  })

  it.concurrent('cannot stop an assistant that may not be interrupted', async () => {
    const placed = await system.call({
      phone_number: '+12025550105',
      assistant_overrides: { turn_taking: { interruption: { enabled: false } } },
    })
    const { webhooks, phone } = await placed.completed(60_000)
    expect(webhooks.some((webhook) => webhook.json.data.interrupted === true)).toBe(false)
    expect(phone.phone.heard.text).toContain('whenever somebody told it a good story.')
  })
})
