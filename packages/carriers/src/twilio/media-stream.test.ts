import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMediaStreamWriter, MediaStreamError, parseMediaStreamMessage } from './media-stream.ts'

const frame = Buffer.alloc(160, 0xff)

function mediaText(payload: Uint8Array, timestamp: string, extra: Record<string, unknown> = {}): string {
  const media = { track: 'inbound', chunk: '1', timestamp, payload: Buffer.from(payload).toString('base64') }
  return JSON.stringify({ event: 'media', sequenceNumber: '2', streamSid: 'MZ1', media, ...extra })
}

function codeOf(text: string | Buffer): string | null {
  try {
    parseMediaStreamMessage(text)
    return null
  } catch (error) {
    if (error instanceof MediaStreamError) return error.code
    throw error
  }
}

/** The same message in a form that the shortcut does not take. */
function spaced(text: string): string {
  return ` ${text}`
}

describe('reading', () => {
  test('reads every documented message', () => {
    const start = {
      event: 'start',
      sequenceNumber: '1',
      streamSid: 'MZ1',
      start: {
        streamSid: 'MZ1',
        accountSid: 'AC1',
        callSid: 'CA1',
        tracks: ['inbound'],
        customParameters: { token: 't0k' },
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      },
    }
    expect(parseMediaStreamMessage('{"event":"connected","protocol":"Call","version":"1.0.0"}')).toEqual({
      kind: 'connected',
    })
    expect(parseMediaStreamMessage(JSON.stringify(start))).toEqual({
      kind: 'start',
      carrierStreamId: 'MZ1',
      carrierCallId: 'CA1',
      accountSid: 'AC1',
      parameters: { token: 't0k' },
      encoding: 'audio/x-mulaw',
      sampleRateHz: 8000,
      channels: 1,
    })
    expect(parseMediaStreamMessage(Buffer.from(mediaText(frame, '18553')))).toEqual({
      kind: 'media',
      isInbound: true,
      timestampMs: 18553,
      payload: frame,
    })
    expect(
      parseMediaStreamMessage(
        '{"event":"dtmf","streamSid":"MZ1","dtmf":{"track":"inbound_track","digit":"5"}}',
      ),
    ).toEqual({ kind: 'dtmf', digit: '5' })
    expect(parseMediaStreamMessage('{"event":"mark","streamSid":"MZ1","mark":{"name":"m 1"}}')).toEqual({
      kind: 'mark',
      name: 'm 1',
    })
    expect(
      parseMediaStreamMessage(
        '{"event":"stop","streamSid":"MZ1","stop":{"accountSid":"AC1","callSid":"CA1"}}',
      ),
    ).toEqual({ kind: 'stop' })
  })

  test('a kind of message that is new is named, not refused', () => {
    expect(parseMediaStreamMessage('{"event":"weather"}')).toEqual({ kind: 'other', event: 'weather' })
  })

  test('audio of the other track is told apart, wherever the field stands', () => {
    const text = mediaText(frame, '20').replace('"inbound"', '"outbound"')
    expect(parseMediaStreamMessage(text)).toMatchObject({ isInbound: false })
  })

  test.each([
    ['', 'not-json'],
    ['{"event":"media"', 'not-json'],
    ['{"event":"media","media":{"timestamp":"1","payload":"AA=="}', 'not-json'],
    ['[]', 'not-a-message'],
    ['null', 'not-a-message'],
    ['{}', 'missing-field'],
    ['{"event":7}', 'missing-field'],
    ['{"event":"media","media":{"timestamp":"1"}}', 'missing-field'],
    ['{"event":"media","media":{"payload":"AA=="}}', 'missing-field'],
    ['{"event":"media","media":[]}', 'not-a-message'],
    ['{"event":"media","media":{"timestamp":"x","payload":"AA=="}}', 'bad-timestamp'],
    ['{"event":"media","media":{"timestamp":"-1","payload":"AA=="}}', 'bad-timestamp'],
    ['{"event":"media","media":{"timestamp":"1","payload":"A=="}}', 'bad-payload'],
    ['{"event":"media","media":{"timestamp":"1","payload":"A*=="}}', 'bad-payload'],
    ['{"event":"start","start":{"streamSid":"MZ1"}}', 'missing-field'],
    ['{"event":"mark","mark":{}}', 'missing-field'],
    [`{"event":"x","y":"${'y'.repeat(70_000)}"}`, 'message-too-long'],
  ])('refuses %.60s as %s', (text, code) => {
    expect(codeOf(text)).toBe(code)
  })

  test('the usual message takes the shortcut, and its variations agree with the full parse', () => {
    const head = '{"event":"media","sequenceNumber":"2",'
    const media = '"media":{"track":"inbound","chunk":"1","timestamp":"20","payload":"AA/A"}'
    const forms = [
      `${head}"streamSid":"MZ1",${media}}`,
      `${head}${media},"streamSid":"MZ1"}`,
      `${head}${media}}`,
      `${head}${media.replace('AA/A', 'AA\\/A')}}`,
      `${head}${media.replace('AA/A', 'AA\\u002fA')}}`,
      `${head}${media.replace('"1"', '"1","x":"y"')}}`,
      `${head}${media},"media":{"timestamp":"20","payload":"AA/A"}}`,
    ]
    const expected = {
      kind: 'media',
      isInbound: true,
      timestampMs: 20,
      payload: Buffer.from('AA/A', 'base64'),
    }
    for (const form of forms) {
      expect(parseMediaStreamMessage(form)).toEqual(expected)
      expect(parseMediaStreamMessage(Buffer.from(form))).toEqual(expected)
      expect(parseMediaStreamMessage(spaced(form))).toEqual(expected)
    }
    expect(codeOf(`${forms[0]}}`)).toBe('not-json')
    expect(codeOf(`${forms[0]},`)).toBe('not-json')
  })

  test.each([
    ['"media":{"timestamp":"1","payload":"AAAA"},"media":{"timestamp":"2","payload":"BBBB"}'],
    ['"media":{"timestamp":"1","payload":"AAAA","payload":"BBBB"}'],
    ['"x":{"timestamp":"1","payload":"AAAA"},"media":{"timestamp":"2","payload":"BBBB"}'],
    ['"media":{"x":{"timestamp":"1","payload":"AAAA"},"timestamp":"2","payload":"BBBB"}'],
    ['"media":{"timestamp":"1","pay\\u006coad":"AAAA"}'],
    ['"media":{"timestamp":"1","payload":"AA\\/A"}'],
    ['"media":{"timestamp":"1","note":"}","payload":"AAAA"}'],
    ['"media":{"timestamp":"1","payload":"AAAA"},"event":"stop"'],
    ['"media":{"payload":"AAAA","timestamp":"1"},"timestamp":"2"'],
  ])('the shortcut and the full parse agree on {"event":"media",%s}', (rest) => {
    const text = `{"event":"media",${rest}}`
    expect(parseMediaStreamMessage(text)).toEqual(parseMediaStreamMessage(spaced(text)))
  })

  test('any audio and time come back as they were sent, by both ways', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 900 }), fc.nat(), (payload, timestampMs) => {
        const text = mediaText(payload, String(timestampMs))
        const expected = { kind: 'media', isInbound: true, timestampMs, payload: Buffer.from(payload) }
        expect(parseMediaStreamMessage(text)).toEqual(expected)
        expect(parseMediaStreamMessage(spaced(text))).toEqual(expected)
      }),
    )
  })

  test('both ways agree on any valid JSON around a media object', () => {
    const key = fc.constantFrom('event', 'media', 'payload', 'timestamp', 'track', 'x', 'y')
    const text = fc.constantFrom('media', 'outbound', 'inbound', 'AAAA', 'AA==', '12', '"', '{', '}', '\\')
    const { value } = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
      value: fc.oneof({ maxDepth: 3 }, text, fc.nat(9), tie('object')),
      object: fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }),
    }))
    fc.assert(
      fc.property(value, value, (media, rest) => {
        const others = typeof rest === 'object' ? rest : { rest }
        const message = JSON.stringify({ event: 'media', media, ...others })
        const outcome = (form: string) => codeOf(form) ?? parseMediaStreamMessage(form)
        expect(outcome(message)).toEqual(outcome(spaced(message)))
      }),
      { numRuns: 2000 },
    )
  })

  test('no text whatever throws anything but a MediaStreamError', () => {
    const pieces = fc.constantFrom(
      '{"event":"media"',
      ',"media":{',
      '"payload":"',
      '"timestamp":"',
      '"',
      '}',
      'AAAA',
      ',',
    )
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.array(pieces, { maxLength: 12 }).map((list) => list.join('')),
    )
    fc.assert(
      fc.property(text, (input) => {
        codeOf(input)
        codeOf(Buffer.from(input))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('writing', () => {
  const writer = createMediaStreamWriter('MZ1')

  test('writes exactly the documented fields', () => {
    expect(JSON.parse(writer.media(Uint8Array.of(1, 2, 3)))).toEqual({
      event: 'media',
      streamSid: 'MZ1',
      media: { payload: 'AQID' },
    })
    expect(JSON.parse(writer.mark('a "b"'))).toEqual({
      event: 'mark',
      streamSid: 'MZ1',
      mark: { name: 'a "b"' },
    })
    expect(JSON.parse(writer.clear())).toEqual({ event: 'clear', streamSid: 'MZ1' })
  })

  test('a view into a larger buffer sends only its own bytes', () => {
    const whole = Uint8Array.of(9, 1, 2, 3, 9)
    expect(writer.media(whole.subarray(1, 4))).toBe(writer.media(Uint8Array.of(1, 2, 3)))
  })
})
