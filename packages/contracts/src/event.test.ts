import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EVENT_TYPES, type EventData, renderEvent, type StoredEvent, serialiseEventData } from './index.ts'

function stored(data: unknown): StoredEvent {
  return {
    id: 'evt_1',
    callId: 'call_1',
    type: 'call.started',
    sequence: 3,
    occurredAtMs: 1_709_218_291_999,
    // Any JSON may be metadata, so any JSON must come through.
    data: serialiseEventData(data as EventData<'call.started'>),
  }
}

test('the envelope has its keys in the published order, and whole seconds', () => {
  expect(renderEvent(stored({ b: 1, a: [1.5, null] }))).toBe(
    '{"event":"call.started","call_id":"call_1","timestamp":1709218291,"data":{"b":1,"a":[1.5,null]},"id":"evt_1","sequence":3}',
  )
})

/** Keys and texts of any UTF-16, half pairs included, and texts that look like escapes of them. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom('\ud800', '\udfff', '\\', '\\ud800', 'ud83d', '😀', '"', 'a'), { maxLength: 6 })
    .map((parts) => parts.join('')),
)
const anyData = fc
  .dictionary(anyText, fc.jsonValue({ stringUnit: 'binary' }))
  .chain((rest) => anyText.map((text) => ({ ...rest, text, nested: { [text]: [text] } })))

test('whatever the data, the body survives being parsed and written again, as UTF-8', () => {
  fc.assert(
    fc.property(anyData, (data) => {
      const body = renderEvent(stored(data))
      expect(JSON.stringify(JSON.parse(body))).toBe(body)
      expect(Buffer.from(body).toString()).toBe(body)
      const text = JSON.parse(body).data.text
      expect(text).toBe(data.text.replaceAll(/\p{Surrogate}/gu, '\ufffd'))
      expect(Buffer.from(text).toString()).toBe(text)
    }),
  )
})

test('every type of event can be rendered', () => {
  for (const type of EVENT_TYPES) expect(JSON.parse(renderEvent({ ...stored({}), type })).event).toBe(type)
})
