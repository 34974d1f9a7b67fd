import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ serverUrl: inject('postgresUrl') })
})
afterAll(() => system?.stop())

describe('a call to a phone that talks', () => {
  it('is placed, held, recorded, priced, analysed and reported in order, with valid signatures', async () => {
    const assistant = await system.createAssistant({
      first_message: 'Hello {{first_name}}, how can I help you?',
      instructions: 'You are the front desk of a dental practice. Book an appointment.',
    })
    const placedAt = Date.now()
    const placed = await system.call({
      phone_number: '+12025550100',
      assistant_id: assistant,
      variables: { first_name: 'Ada' },
      metadata: { crm_id: 'c_42', 10: 'ten', nested: { b: 1, a: [1.5, null] } },
      webhook_events: [
        'call.queued',
        'call.ringing',
        'call.started',
        'transcription',
        'call.ended',
        'call.completed',
      ],
    })
    const { call, webhooks, completed, phone } = await placed.completed()

    const events = webhooks.map((webhook) => webhook.json)
    expect(events.map((event) => event.sequence)).toEqual(events.map((_, index) => index + 1))
    expect(new Set(events.map((event) => event.id)).size).toBe(events.length)
    expect(events.slice(0, 3).map((event) => event.event)).toEqual([
      'call.queued',
      'call.ringing',
      'call.started',
    ])
    expect(events.slice(-2).map((event) => event.event)).toEqual(['call.ended', 'call.completed'])
    expect(
      webhooks.every(
        (webhook) => webhook.verdicts.signature === 'valid' && webhook.verdicts.standard_webhooks === 'valid',
      ),
    ).toBe(true)
    expect(webhooks.every((webhook) => JSON.stringify(JSON.parse(webhook.body)) === webhook.body)).toBe(true)

    const said = events.filter((event) => event.event === 'transcription').map((event) => event.data)
    expect(said.map((turn) => turn.turn)).toEqual(said.map((_, index) => index + 1))
    expect(said[0]).toMatchObject({
      role: 'assistant',
      text: 'Hello Ada, how can I help you?',
      interrupted: false,
    })
    const callerWords = said.filter((turn) => turn.role === 'user').map((turn) => turn.text)
    expect(callerWords.join(' ')).toBe(phone.phone.said.text)
    const assistantWords = said.filter((turn) => turn.role === 'assistant').map((turn) => turn.text)
    expect(assistantWords.join(' ')).toBe(phone.phone.heard.text)
    expect(phone.phone.heard.damaged_at_ms).toEqual([])

    expect(call).toMatchObject({
      id: placed.id,
      status: 'completed',
      mode: 'test',
      direction: 'outbound',
      outcome: { category: 'completed', fault: 'none', billable: true },
      metadata: { crm_id: 'c_42', nested: { b: 1, a: [1.5, null] } },
    })
    expect(['assistant_ended', 'caller_hung_up']).toContain(call.ended_reason)
    expect(call.duration_seconds).toBeGreaterThan(3)
    const lines: { amount: number; component: string }[] = call.cost_breakdown
    expect(Math.round(lines.reduce((sum, line) => sum + line.amount * 1e6, 0))).toBe(
      Math.round(call.cost * 1e6),
    )
    // A thought that was not used is a line of its own, and need not happen.
    expect(new Set(lines.map((line) => line.component).filter((name) => name !== 'early_thinking'))).toEqual(
      new Set(['carrier', 'media_stream', 'stt', 'llm', 'tts', 'analysis']),
    )
    expect(call.analysis.status).toBe('completed')
    expect(call.analysis.summary.length).toBeGreaterThan(10)
    expect(completed.json.data).toMatchObject({
      status: 'completed',
      cost: call.cost,
      recording: { status: 'ready' },
      analysis: call.analysis,
      ended_reason: call.ended_reason,
    })
    expect(completed.json.data.latency.turns).toBeGreaterThanOrEqual(2)

    const audio = await fetch(completed.json.data.recording_url)
    expect(audio.status).toBe(200)
    expect(audio.headers.get('content-type')).toBe('audio/wav')
    const bytes = Buffer.from(await audio.arrayBuffer())
    expect(bytes.subarray(0, 4).toString()).toBe('RIFF')
    const seconds = (bytes.length - 58) / 16_000
    expect(Math.abs(seconds - call.duration_seconds)).toBeLessThan(2)
    const part = await fetch(completed.json.data.recording_url, { headers: { range: 'bytes=0-99' } })
    expect(part.status).toBe(206)
    expect((await part.arrayBuffer()).byteLength).toBe(100)

    const list = await system.api('GET', `/v1/calls/${placed.id}/events`)
    expect(list.text).toContain(webhooks[0]!.body)
    const transcript = await system.api('GET', `/v1/calls/${placed.id}/transcript`)
    expect(transcript.body.turns.map((turn: { text: string }) => turn.text)).toEqual(
      said.map((turn) => turn.text),
    )
    const deliveries = await system.api('GET', `/v1/calls/${placed.id}/deliveries`)
    expect(deliveries.body.data).toHaveLength(webhooks.length)
    expect(Date.now() - placedAt).toBeLessThan(55_000)
  })

  it('tells of the answer within a second', async () => {
    const placed = await system.call({ phone_number: '+12025550107' })
    const started = await placed.box.waitFor('call.started', 20_000)
    await placed.completed()
    const phone = await system.phoneReport(placed.id)
    expect(Date.parse(started.received_at) - Date.parse(phone.answered_at)).toBeLessThan(1000)
  })

  it('is refused to a number that is no simulated phone, with the list of those that are', async () => {
    const { status, body } = await system.api('POST', '/v1/calls', {
      phone_number: '+14155552671',
      assistant_id: system.installation.seed.assistantId,
    })
    expect(status).toBe(422)
    expect(body.code).toBe('number_not_simulated')
    expect(body.detail).toContain('+12025550100')
    expect((await system.api('GET', '/v1/calls?to=%2B14155552671')).body.data).toEqual([])
  })
})
