import { expect, it } from 'vitest'
import { lineForWebhook, linesFor } from './demo-lines.ts'

const event = (type: string, data: Record<string, unknown>) => ({
  event: type,
  id: 'evt_1',
  sequence: 1,
  data,
})

it('shows who said what, and what was cut off', () => {
  expect(linesFor(event('transcription', { role: 'user', text: 'Hello.' }))).toEqual(['caller     Hello.'])
  expect(linesFor(event('transcription', { role: 'assistant', text: 'It was', interrupted: true }))).toEqual([
    'assistant  It was … (interrupted)',
  ])
})

it('shows cost line by line, the analysis on one line, and what is missing as missing', () => {
  const data = {
    status: 'completed',
    duration_seconds: 19,
    cost: 0.0223314,
    cost_breakdown: [{ component: 'carrier', amount: 0.014, quantity: 1, unit: 'minute' }],
    analysis: {
      status: 'completed',
      sentiment: 'positive',
      intent: 'book',
      summary: `Two\nlines ${'x'.repeat(500)}`,
    },
    latency: { voice_to_voice_ms: { p50: 483, p95: 600 } },
  }
  const lines = linesFor(event('call.completed', data))
  expect(lines.slice(0, 4)).toEqual([
    'completed  completed, 19 s',
    'cost       $0.022331',
    '             carrier       $0.014000   1 minute',
    'analysis   positive; intent: book',
  ])
  expect(lines.join('\n').split('\n')).toHaveLength(lines.length)
  expect(lines.at(-1)).toContain('483 ms')
  const failed = { ...data, cost_breakdown: [], analysis: { status: 'failed' }, latency: null }
  expect(linesFor(event('call.completed', failed)).at(-1)).toBe('analysis   failed')
})

it('says loudly when either signature does not hold', () => {
  const json = { ...event('call.started', {}), call_id: 'call_1' }
  const line = (signature: string, standard: string) =>
    lineForWebhook({ json, verdicts: { signature, standard_webhooks: standard } })
  expect(line('valid', 'valid')).toBe('webhook    call.started #1: signature verified')
  expect(line('invalid', 'valid')).toContain('NOT VERIFIED (invalid')
  expect(line('valid', 'missing')).toContain('NOT VERIFIED')
})
