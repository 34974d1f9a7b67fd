import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  parseMachineDetectionCallback,
  parseStatusCallback,
  parseStreamCallback,
  parseVoiceRequest,
} from './callbacks.ts'

test('reads a final status callback', () => {
  const form = new URLSearchParams({
    CallSid: 'CA1',
    AccountSid: 'AC1',
    CallStatus: 'completed',
    SequenceNumber: '3',
    Timestamp: 'Sun, 25 Mar 2018 09:53:19 +0000',
    CallDuration: '49',
    Duration: '1',
    SipResponseCode: '200',
    SomethingNew: 'yes',
  })
  expect(parseStatusCallback(form)).toEqual({
    carrierCallId: 'CA1',
    accountSid: 'AC1',
    status: 'completed',
    sequenceNumber: 3,
    occurredAtMs: Date.UTC(2018, 2, 25, 9, 53, 19),
    durationSeconds: 49,
    sipCode: '200',
    answeredBy: null,
    direction: null,
  })
})

test('a status callback of which little is known still counts', () => {
  const form = new URLSearchParams({
    CallSid: 'CA1',
    CallStatus: 'ringing',
    SequenceNumber: 'x',
    Timestamp: '?',
  })
  expect(parseStatusCallback(form)).toMatchObject({
    status: 'ringing',
    sequenceNumber: null,
    occurredAtMs: null,
    durationSeconds: null,
  })
})

test('no call id, or a status from the future, reads as nothing', () => {
  expect(parseStatusCallback(new URLSearchParams({ CallStatus: 'ringing' }))).toBeNull()
  expect(parseStatusCallback(new URLSearchParams({ CallSid: 'CA1', CallStatus: 'levitating' }))).toBeNull()
  expect(parseVoiceRequest(new URLSearchParams())).toBeNull()
  expect(parseStreamCallback(new URLSearchParams())).toBeNull()
  expect(parseMachineDetectionCallback(new URLSearchParams())).toBeNull()
})

test('reads a voice request, numbers withheld or not', () => {
  const form = new URLSearchParams({
    CallSid: 'CA1',
    AccountSid: 'AC1',
    From: 'anonymous',
    To: '+12025550190',
  })
  expect(parseVoiceRequest(form)).toMatchObject({ from: 'anonymous', to: '+12025550190', status: null })
})

test.each([
  ['stream-started', 'started'],
  ['stream-stopped', 'stopped'],
  ['stream-error', 'error'],
  ['stream-sneezed', 'other'],
])('a stream callback %s reads as %s', (StreamEvent, event) => {
  const Timestamp = '2026-11-21T09:30:00.500Z'
  const form = new URLSearchParams({ CallSid: 'CA1', StreamSid: 'MZ1', StreamEvent, Timestamp })
  expect(parseStreamCallback(form)).toEqual({
    carrierCallId: 'CA1',
    carrierStreamId: 'MZ1',
    event,
    error: null,
    occurredAtMs: Date.parse(Timestamp),
  })
})

test.each([
  ['human', 'human', false],
  ['machine_start', 'machine', false],
  ['machine_end_beep', 'machine', true],
  ['fax', 'fax', false],
  ['unknown', 'unknown', false],
])('machine detection %s reads as %s', (AnsweredBy, answeredBy, isGreetingOver) => {
  expect(parseMachineDetectionCallback(new URLSearchParams({ CallSid: 'CA1', AnsweredBy }))).toEqual({
    carrierCallId: 'CA1',
    answeredBy,
    isGreetingOver,
    hasBeeped: AnsweredBy === 'machine_end_beep',
  })
})

test('no form makes a parser throw, and what it reads is of the documented types', () => {
  const name = fc.constantFrom(
    ...[
      'CallSid',
      'AccountSid',
      'CallStatus',
      'SequenceNumber',
      'Timestamp',
      'CallDuration',
      'SipResponseCode',
    ],
    ...['AnsweredBy', 'Direction', 'From', 'To', 'StreamEvent', 'StreamSid', 'StreamError', '__proto__', ''],
  )
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      'completed',
      'in-progress',
      '-1',
      '9'.repeat(40),
      '1e9',
      'Infinity',
      'Tue, 99 Foo 0000',
      'machine_end_beep',
    ),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 20 }), (fields) => {
      const form = new URLSearchParams(fields)
      const status = parseStatusCallback(form)
      for (const number of [status?.sequenceNumber, status?.durationSeconds, status?.occurredAtMs])
        expect(number === null || number === undefined || Number.isSafeInteger(number)).toBe(true)
      const others = [parseVoiceRequest(form), parseStreamCallback(form), parseMachineDetectionCallback(form)]
      for (const parsed of [status, ...others])
        expect(parsed === null || parsed.carrierCallId.length > 0).toBe(true)
    }),
    { numRuns: 2000 },
  )
})
