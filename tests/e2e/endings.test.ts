import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ serverUrl: inject('postgresUrl') })
})
afterAll(() => system?.stop())

/** Every call ends with one `call.completed` that explains the end; nothing follows it. */
async function endOf(fields: Record<string, unknown>, timeoutMs?: number) {
  const placed = await system.call(fields)
  const { call, webhooks, completed, phone } = await placed.completed(timeoutMs)
  expect(webhooks.filter((webhook) => webhook.json.event === 'call.completed')).toHaveLength(1)
  const sequence = completed.json.sequence
  expect(Math.max(...webhooks.map((webhook) => webhook.json.sequence))).toBe(sequence)
  const log = await system.api('GET', `/v1/calls/${placed.id}/events`)
  expect(log.body.data.map((event: { sequence: number }) => event.sequence)).toEqual(
    Array.from({ length: sequence }, (_, index) => index + 1),
  )
  return { call, webhooks, data: completed.json.data, phone }
}

describe('a call that is not answered', () => {
  it.concurrent.each([
    ['+12025550101', 'busy', 'busy', {}],
    ['+12025550102', 'no_answer', 'no_answer', { ring_timeout_seconds: 5 }],
    ['+12025550103', 'failed', 'unreachable', {}],
  ])('%s ends as %s', async (phone_number, status, reason, fields) => {
    const { call, webhooks, data } = await endOf({ phone_number, ...fields })
    expect(call).toMatchObject({
      status,
      ended_reason: reason,
      started_at: null,
      duration_seconds: null,
      cost: 0,
    })
    expect(data).toMatchObject({
      status,
      ended_reason: reason,
      outcome: { category: 'no_connect', billable: false },
      recording: { status: 'disabled' },
      analysis: { status: 'skipped' },
    })
    expect(webhooks.map((webhook) => webhook.json.event)).toEqual(['call.completed'])
  })

  it.concurrent('can be canceled while it rings', async () => {
    const placed = await system.call({
      phone_number: '+12025550102',
      ring_timeout_seconds: 60,
      webhook_events: ['call.ringing', 'call.completed'],
    })
    await placed.box.waitFor('call.ringing', 10_000)
    expect((await system.api('POST', `/v1/calls/${placed.id}/end`)).status).toBeLessThan(300)
    const { call } = await placed.completed()
    expect(call).toMatchObject({ status: 'canceled', ended_reason: 'canceled' })
  })
})

describe('an answered call', () => {
  it.concurrent('that reaches a voicemail ends as voicemail', async () => {
    const { call, data } = await endOf({ phone_number: '+12025550104' })
    expect(call).toMatchObject({ ended_reason: 'voicemail' })
    expect(data.outcome).toMatchObject({ category: 'caller', retryable: true, billable: true })
  })

  it.concurrent('whose caller hangs up in the middle of a sentence says so and keeps what was said', async () => {
    const { call, webhooks, phone } = await endOf({ phone_number: '+12025550107' })
    expect(call).toMatchObject({ status: 'completed', ended_reason: 'caller_hung_up' })
    const caller = webhooks
      .filter((webhook) => webhook.json.data.role === 'user')
      .map((webhook) => webhook.json.data.text)
    expect(caller).toEqual([phone.phone.said.text])
  })

  it.concurrent('with nobody speaking is prompted, then ended for silence', async () => {
    const { call, webhooks } = await endOf({
      phone_number: '+12025550106',
      assistant_overrides: {
        silence: { reprompt: 'Is anybody there?', timeout_seconds: 2, max_reprompts: 1 },
      },
    })
    expect(call).toMatchObject({ status: 'completed', ended_reason: 'silence_timeout' })
    expect(webhooks.filter((webhook) => webhook.json.data.text === 'Is anybody there?')).toHaveLength(1)
  })

  it.concurrent('ends when it has lasted as long as it may', async () => {
    const { call } = await endOf({ phone_number: '+12025550106', max_duration_seconds: 10 })
    expect(call.ended_reason).toBe('max_duration')
    expect(call.duration_seconds).toBeGreaterThanOrEqual(9)
    expect(call.duration_seconds).toBeLessThan(16)
  })

  it.concurrent('can be ended by the API', async () => {
    const placed = await system.call({ phone_number: '+12025550106' })
    await placed.box.waitFor('call.started', 10_000)
    await placed.box.waitFor('transcription', 15_000)
    expect((await system.api('POST', `/v1/calls/${placed.id}/end`)).status).toBeLessThan(300)
    const { call } = await placed.completed()
    expect(call).toMatchObject({ status: 'completed', ended_reason: 'api_ended' })
    expect((await system.api('POST', `/v1/calls/${placed.id}/end`)).body.code).toBe('call_already_ended')
  })

  it.concurrent('takes pressed keys as an answer', async () => {
    const { webhooks } = await endOf({ phone_number: '+12025550108' })
    expect(
      webhooks.some((webhook) => webhook.json.data.role === 'user' && webhook.json.data.text.includes('42')),
    ).toBe(true)
  })

  it.concurrent('goes without recording and analysis when they are off, and says so', async () => {
    const { call, data } = await endOf({
      phone_number: '+12025550107',
      record: false,
      assistant_overrides: { analysis: { enabled: false } },
    })
    expect(call.recording_url).toBeNull()
    expect(data).toMatchObject({
      recording_url: null,
      recording: { status: 'disabled' },
      analysis: { status: 'disabled', summary: null },
    })
  })
})
