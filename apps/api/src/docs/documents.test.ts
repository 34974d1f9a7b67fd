import { readFileSync } from 'node:fs'
import {
  AUDIT_ACTIONS,
  ENDPOINT_EVENT_DATA,
  ENDPOINT_EVENT_TYPES,
  ERROR_CODES,
  EVENT_DATA,
  EVENT_TYPES,
  type EventType,
  endpointEventSchema,
  eventSchema,
  renderEndpointEvent,
  renderEvent,
  SCOPES,
} from '@phonevoice/contracts'
import { describe, expect, test } from 'vitest'

function read(name: string): string {
  return readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8')
}

describe('docs/errors.md', () => {
  const sections = [...read('errors.md').matchAll(/^### (\w+)\n(\d{3})\. (.+)/gm)]

  test('explains exactly the codes there are, each once', () => {
    expect(sections.map((section) => section[1]).sort()).toEqual(Object.keys(ERROR_CODES).sort())
  })

  test('gives each code its status', () => {
    for (const [, code, status] of sections)
      expect(Number(status), code).toBe(ERROR_CODES[code as keyof typeof ERROR_CODES].status)
  })

  test('shows an error as it is', () => {
    const example = JSON.parse(/```json\n([\s\S]*?)```/.exec(read('errors.md'))?.[1] ?? '')
    const { status, title } = ERROR_CODES[example.code as keyof typeof ERROR_CODES]
    expect(example).toMatchObject({ status, title, type: `https://phonevoice.dev/errors#${example.code}` })
  })
})

test.each([
  ['api-keys.md', SCOPES],
  ['audit-log.md', AUDIT_ACTIONS],
])('the table of docs/%s names exactly what there is', (document, named) => {
  const rows = [...read(document).matchAll(/^\| `(\S+)` \|/gm)].map((row) => row[1])
  expect(rows).toEqual(Object.keys(named))
})

describe('docs/events.md', () => {
  const text = read('events.md')
  const all = [...text.matchAll(/```json\n(.*)\n```/g)].map((match) => match[1] ?? '')
  const examples = all.filter((example) => JSON.parse(example).call_id !== null)
  const aboutEndpoints = all.filter((example) => JSON.parse(example).call_id === null)

  test('has a section and an example for every event', () => {
    for (const type of EVENT_TYPES) {
      expect(text).toContain(`\n## ${type}\n`)
      expect(
        examples.some((example) => example.startsWith(`{"event":"${type}"`)),
        type,
      ).toBe(true)
    }
  })

  test.each(examples.map((example) => [JSON.parse(example).event as EventType, example]))(
    'the example of %s is valid, complete, and byte for byte what we send',
    (type, example) => {
      const event = eventSchema.parse(JSON.parse(example))
      expect(EVENT_DATA[type].parse(event.data)).toEqual(event.data)
      expect(Object.keys(event.data)).toEqual(Object.keys(EVENT_DATA[type].shape))
      const { id, call_id: callId, sequence, timestamp } = event
      const data = JSON.stringify(event.data)
      expect(renderEvent({ id, callId, type, sequence, occurredAtMs: timestamp * 1000, data })).toBe(example)
    },
  )

  test('shows the events about an endpoint as we send them', () => {
    expect(aboutEndpoints.map((example) => JSON.parse(example).event)).toEqual([...ENDPOINT_EVENT_TYPES])
    for (const example of aboutEndpoints) {
      const event = endpointEventSchema.parse(JSON.parse(example))
      expect(ENDPOINT_EVENT_DATA[event.event].parse(event.data)).toEqual(event.data)
      const data = JSON.stringify(event.data)
      const occurredAtMs = event.timestamp * 1000
      expect(renderEndpointEvent({ id: event.id, type: event.event, occurredAtMs, data })).toBe(example)
    }
  })

  test('the costs of the example add up', () => {
    const completed = JSON.parse(examples.at(-1) ?? '').data
    const sum = completed.cost_breakdown.reduce(
      (total: number, line: { amount: number }) => total + line.amount,
      0,
    )
    expect(sum).toBeCloseTo(completed.cost, 9)
  })
})
