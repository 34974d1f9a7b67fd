import fc from 'fast-check'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { expect, test } from 'vitest'
import { askAgainTwiml, connectStreamTwiml, emptyTwiml, hangupTwiml, rejectTwiml, sayTwiml } from './twiml.ts'

const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '', processEntities: true })

const stream = {
  url: 'wss://media.example.test/media/node_1',
  token: 'tok',
  actionUrl: 'https://api.example.test/carriers/twilio/resume?call=call_1&dial=2',
  statusCallbackUrl: 'https://api.example.test/carriers/twilio/stream?call=call_1',
}

test('connects a stream with its token as a parameter', () => {
  const document = parser.parse(connectStreamTwiml(stream))
  expect(document.Response.Connect).toEqual({
    action: stream.actionUrl,
    Stream: {
      url: stream.url,
      statusCallback: stream.statusCallbackUrl,
      Parameter: { name: 'token', value: 'tok' },
    },
  })
})

test('waits before it connects when told to', () => {
  expect(connectStreamTwiml({ ...stream, pauseSeconds: 1 })).toContain(
    '<Response><Pause length="1"/><Connect',
  )
  expect(connectStreamTwiml(stream)).not.toContain('Pause')
})

test('a token that Twilio would cut off is refused', () => {
  expect(() => connectStreamTwiml({ ...stream, token: 'x'.repeat(495) })).toThrow(RangeError)
})

test('hangs up, rejects, or does nothing', () => {
  expect(hangupTwiml()).toContain('<Response><Hangup/></Response>')
  expect(rejectTwiml('busy')).toContain('<Response><Reject reason="busy"/></Response>')
  expect(emptyTwiml()).toContain('<Response></Response>')
})

test('lets the carrier ask again later', () => {
  expect(askAgainTwiml('https://a.test/b?c=1&d=2', 1)).toContain(
    '<Response><Pause length="1"/><Redirect method="POST">https://a.test/b?c=1&amp;d=2</Redirect></Response>',
  )
})

test('says a sentence, then hangs up', () => {
  expect(sayTwiml('Sorry & bye', 'en-US')).toContain(
    '<Response><Say language="en-US">Sorry &amp; bye</Say><Hangup/></Response>',
  )
})

test('any text gives a well-formed document and stays text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 50 }), fc.string({ maxLength: 50 }), (text, token) => {
      expect(XMLValidator.validate(sayTwiml(text, 'en-US'))).toBe(true)
      const document = connectStreamTwiml({ ...stream, token })
      expect(XMLValidator.validate(document)).toBe(true)
      expect(document.match(/<[A-Z]/g)).toHaveLength(4)
    }),
  )
})

test('characters that XML cannot hold are replaced', () => {
  expect(sayTwiml('a\u0000b\ud800c', 'en-US')).toContain('a\ufffdb\ufffdc')
})
