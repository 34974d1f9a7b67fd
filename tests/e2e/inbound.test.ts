import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ serverUrl: inject('postgresUrl') })
})
afterAll(() => system?.stop())

describe('a phone that calls a bound number', () => {
  it('is answered by its assistant, with the same conversation and the same webhooks', async () => {
    const box = system.box()
    const assistant = await system.createAssistant({
      disclosure: 'This call is recorded.',
      first_message: 'You have reached Green Street.',
      webhook_url: box.url,
    })
    const bound = await system.api('POST', '/v1/phone-numbers', {
      phone_number: '+12025550193',
      assistant_id: assistant,
    })
    expect(bound.status).toBeLessThan(300)
    const calling = await system.sandbox('POST', '/calls', { from: '+12025550100', to: '+12025550193' })
    expect(calling.status).toBe(201)

    const completed = await box.waitFor('call.completed', 50_000)
    const webhooks = await box.received()
    expect(webhooks.map((webhook) => webhook.verdicts.signature)).toEqual(webhooks.map(() => 'valid'))
    expect(webhooks[0]?.json).toMatchObject({
      event: 'call.started',
      data: { direction: 'inbound', phone_number: '+12025550100', assistant_id: assistant },
    })
    const call = (await system.api('GET', `/v1/calls/${completed.json.call_id}`)).body
    expect(call).toMatchObject({ direction: 'inbound', status: 'completed', phone_number: '+12025550100' })
    const said = webhooks
      .filter((webhook) => webhook.json.event === 'transcription')
      .map((webhook) => webhook.json.data)
    expect(said[0]).toMatchObject({
      role: 'assistant',
      text: 'This call is recorded. You have reached Green Street.',
    })
    expect(call.disclosed_at).toEqual(expect.any(String))
    expect(said.filter((turn) => turn.role === 'user')).toHaveLength(3)
    expect(completed.json.data.recording.status).toBe('ready')
  })

  it('is turned away when nobody answers the number any more', async () => {
    const assistant = await system.createAssistant()
    const bound = await system.api('POST', '/v1/phone-numbers', {
      phone_number: '+12025550194',
      assistant_id: assistant,
    })
    expect((await system.api('DELETE', `/v1/phone-numbers/${bound.body.id}`)).status).toBeLessThan(300)
    const calling = await system.sandbox('POST', '/calls', { from: '+12025550100', to: '+12025550194' })
    await expect
      .poll(async () => (await system.sandbox('GET', `/calls/${calling.body.call_sid}`)).body.ended_at, {
        timeout: 10_000,
      })
      .not.toBeNull()
    expect((await system.sandbox('GET', `/calls/${calling.body.call_sid}`)).body.answered_at).toBeNull()
  })
})
