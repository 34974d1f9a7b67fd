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
  const form = new URLSearchParams({ CallSid: 'CA1', StreamSid: 'MZ1', StreamEvent })
  expect(parseStreamCallback(form)).toEqual({
    carrierCallId: 'CA1',
    carrierStreamId: 'MZ1',
    event,
    error: null,
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
