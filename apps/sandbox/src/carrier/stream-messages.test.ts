import { expect, test } from 'vitest'
import { mediaMessage, readServiceMessage, startMessage } from './stream-messages.ts'

const IDS = { streamSid: 'MZ1', accountSid: 'AC1', callSid: 'CA1' }
const read = (message: unknown) => readServiceMessage(JSON.stringify(message), 'MZ1')

test('writes frames as the vendor does: numbers as strings, 216 characters of base64', () => {
  const message = JSON.parse(mediaMessage(IDS, 7, { chunk: 6, timestampMs: 121, frame: null }))
  expect(message).toEqual({
    event: 'media',
    sequenceNumber: '7',
    streamSid: 'MZ1',
    media: { track: 'inbound', chunk: '6', timestamp: '121', payload: expect.stringMatching(/^\/{213}w==$/) },
  })
})

test('writes the format of a stream with JSON numbers', () => {
  expect(JSON.parse(startMessage(IDS, 1, { a: 'b' }))).toEqual({
    event: 'start',
    sequenceNumber: '1',
    streamSid: 'MZ1',
    start: {
      streamSid: 'MZ1',
      accountSid: 'AC1',
      callSid: 'CA1',
      tracks: ['inbound'],
      customParameters: { a: 'b' },
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
    },
  })
})

test('takes exactly the documented messages', () => {
  expect(read({ event: 'media', streamSid: 'MZ1', media: { payload: '//8=' } })).toMatchObject({
    event: 'media',
  })
  expect(read({ event: 'mark', streamSid: 'MZ1', mark: { name: 'a' } })).toEqual({ event: 'mark', name: 'a' })
  expect(read({ event: 'clear', streamSid: 'MZ1' })).toEqual({ event: 'clear' })
})

test.each([
  ['another stream', { event: 'clear', streamSid: 'MZ2' }],
  ['no stream', { event: 'clear' }],
  ['an unknown event', { event: 'hello', streamSid: 'MZ1' }],
  ['a surplus field', { event: 'clear', streamSid: 'MZ1', extra: 1 }],
  [
    'a surplus field inside',
    { event: 'media', streamSid: 'MZ1', media: { payload: '//8=', track: 'outbound' } },
  ],
  ['a mark without a name', { event: 'mark', streamSid: 'MZ1', mark: {} }],
  ['a payload that is not base64', { event: 'media', streamSid: 'MZ1', media: { payload: '??' } }],
  ['an empty payload', { event: 'media', streamSid: 'MZ1', media: { payload: '' } }],
  ['an array', []],
])('refuses %s with 31951', (_what, message) => {
  expect(read(message)).toMatchObject({ event: 'bad', code: 31951 })
})

test('refuses what is not JSON', () => {
  expect(readServiceMessage('{', 'MZ1')).toMatchObject({ event: 'bad', code: 31951 })
})
