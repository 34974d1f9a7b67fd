import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type PlacedCall, type System, startSystem } from './system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ serverUrl: inject('postgresUrl') })
})
afterAll(() => system?.stop())

/** A request about one call. */
const post = (call: PlacedCall, verb: string, body?: unknown) =>
  system.api('POST', `/v1/calls/${call.id}/${verb}`, body)

const quiet = { analysis: { enabled: false }, silence: { reprompt: null, timeout_seconds: 60 } }

/** Waits until this many utterances have been written down. */
async function utterances(call: PlacedCall, count: number): Promise<{ role: string; text: string }[]> {
  for (;;) {
    const said = (await call.box.received())
      .filter((webhook) => webhook.json.event === 'transcription')
      .map((webhook) => webhook.json.data)
    if (said.length >= count) return said
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Waits until the phone has heard this word. */
async function heard(call: PlacedCall, word: string): Promise<void> {
  while (!(await system.phoneReport(call.id)).phone.heard.text.includes(word))
    await new Promise((resolve) => setTimeout(resolve, 50))
}

describe('a live call, taken in hand by API', () => {
  it.concurrent('says what it is told, at once or in its turn, and ends with a goodbye', async () => {
    const placed = await system.call({ phone_number: '+12025550106', assistant_overrides: quiet })
    await placed.box.waitFor('call.started', 20_000)
    await utterances(placed, 1)
    const startedAt = performance.now()
    const said = await post(placed, 'say', {
      text: 'Your parcel has arrived at the front desk of the hotel.',
    })
    console.info(`say was answered after ${Math.round(performance.now() - startedAt)} ms`)
    expect(said).toMatchObject({
      status: 200,
      body: { object: 'control_result', call_id: placed.id, result: 'speaking' },
    })
    expect((await post(placed, 'say', { text: 'It is heavy.' })).body.result).toBe('queued')
    await heard(placed, 'parcel')
    expect((await post(placed, 'say', { text: 'Attention please!', interrupt: true })).body.result).toBe(
      'speaking',
    )
    await utterances(placed, 4)
    expect((await post(placed, 'end', { message: 'We will call again. Farewell.' })).status).toBe(200)
    const { call, phone, webhooks } = await placed.completed()
    expect(call.ended_reason).toBe('api_ended')
    const words: string = phone.phone.heard.text
    expect(words.indexOf('Attention please!')).toBeGreaterThan(0)
    expect(words.indexOf('It is heavy.')).toBeGreaterThan(words.indexOf('Attention please!'))
    expect(words).toContain('We will call again. Farewell.')
    const cut = webhooks.map((webhook) => webhook.json.data).find((data) => data.interrupted)
    expect(cut.text_planned).toContain('front desk of the hotel')
  })

  it.concurrent('has the model know what it is told, and keeps quiet while muted', async () => {
    await system.givePhone('+12025550124', {
      steps: [
        { do: 'listen' },
        { do: 'pause', ms: 1500 },
        { do: 'say', text: 'Do you have a table?' },
        { do: 'pause', ms: 3000 },
        { do: 'say', text: 'Hello? Is anybody there?' },
        { do: 'listen', timeout_ms: 15_000 },
        { do: 'hang-up' },
      ],
    })
    const placed = await system.call({
      phone_number: '+12025550124',
      assistant_overrides: { ...quiet, instructions: 'marker-context\nSay exactly: Certainly.' },
    })
    await utterances(placed, 1)
    expect((await post(placed, 'mute', { muted: true })).body.result).toBe('muted')
    expect((await post(placed, 'context', { text: 'Only the terrace is free.' })).body.result).toBe('added')
    const said = await utterances(placed, 2)
    expect(said[1]).toMatchObject({ role: 'user', text: 'Do you have a table?' })
    expect((await post(placed, 'mute', { muted: false })).body.result).toBe('unmuted')
    const { webhooks } = await placed.completed()
    const roles = webhooks
      .filter((webhook) => webhook.json.event === 'transcription')
      .map((webhook) => webhook.json.data.role)
    expect(roles).toEqual(['assistant', 'user', 'user', 'assistant'])
    const { body } = await system.providers('GET', '/requests?target=chat')
    const request = body.requests
      .map((entry: { body: { messages: { role: string; content: string }[] } }) => entry.body.messages)
      .findLast((messages: { content: string }[]) => messages[0]?.content.includes('marker-context'))
    expect(request).toContainEqual({ role: 'system', content: 'Only the terrace is free.' })
  })

  it.concurrent('presses keys that the other side hears', async () => {
    const placed = await system.call({ phone_number: '+12025550106', assistant_overrides: quiet })
    await utterances(placed, 1)
    const before = (await system.phoneReport(placed.id)).phone.heard.stretches.length
    expect((await post(placed, 'keys', { digits: '12,3#' })).body.result).toBe('speaking')
    const deadline = Date.now() + 10_000
    for (;;) {
      const { stretches } = (await system.phoneReport(placed.id)).phone.heard
      if (stretches.length > before || Date.now() > deadline) {
        expect(stretches.length).toBeGreaterThan(before)
        break
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    expect((await post(placed, 'keys', { digits: 'x' })).body.code).toBe('invalid_request')
    await post(placed, 'end')
    const { call } = await placed.completed()
    expect(call.ended_reason).toBe('api_ended')
    const late = await post(placed, 'say', { text: 'Too late.' })
    expect(late).toMatchObject({ status: 409, body: { code: 'call_not_live' } })
  })
})
