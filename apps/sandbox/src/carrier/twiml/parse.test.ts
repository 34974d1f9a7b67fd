import { expect, test } from 'vitest'
import { parseTwiml, TwimlError } from './parse.ts'

function codeOf(xml: string): number {
  try {
    parseTwiml(xml)
  } catch (error) {
    if (error instanceof TwimlError) return error.code
  }
  return 0
}

test('keeps verbs in order and reads a stream with its parameters', () => {
  const { verbs, warnings } = parseTwiml(`<?xml version="1.0" encoding="UTF-8"?>
    <Response>
      <Say voice="alice">Fish &amp; chips, &#233;t&#xe9;</Say>
      <Pause length="2"/>
      <Connect action="/after" method="get">
        <Stream url="wss://a.test/m" name="n" statusCallback="https://a.test/s">
          <Parameter name="token" value="a&quot;b"/>
        </Stream>
      </Connect>
      <Say>Bye</Say>
    </Response>`)
  expect(warnings).toEqual([])
  expect(verbs).toEqual([
    { verb: 'say', text: 'Fish & chips, été', voice: 'alice', loop: 1 },
    { verb: 'pause', seconds: 2 },
    {
      verb: 'connect-stream',
      action: '/after',
      method: 'GET',
      stream: {
        url: 'wss://a.test/m',
        name: 'n',
        track: null,
        statusCallback: 'https://a.test/s',
        statusCallbackMethod: 'POST',
        parameters: { token: 'a"b' },
      },
    },
    { verb: 'say', text: 'Bye', voice: null, loop: 1 },
  ])
})

test('reads an ampersand in a URL, a loop and an empty redirect', () => {
  const { verbs } = parseTwiml(
    '<Response><Play loop="3">http://a.test/x?a=1&amp;b=2</Play><Redirect/></Response>',
  )
  expect(verbs).toEqual([
    { verb: 'play', url: 'http://a.test/x?a=1&b=2', digits: null, loop: 3 },
    { verb: 'redirect', url: '', method: 'POST' },
  ])
})

test('reads an empty document, and text inside markup of speech', () => {
  expect(parseTwiml('<Response/>').verbs).toEqual([])
  expect(
    parseTwiml('<Response><Say>one <emphasis>two</emphasis> three</Say></Response>').verbs,
  ).toMatchObject([{ text: 'one two three' }])
})

test('skips what it does not know, with a warning', () => {
  const { verbs, warnings } = parseTwiml('<Response><say>no</say><Hangup/></Response>')
  expect(verbs).toEqual([{ verb: 'hangup' }])
  expect(warnings).toHaveLength(1)
})

test('refuses what is not XML and what is not a Response', () => {
  expect(codeOf('<Response><Say>x</Response>')).toBe(12100)
  expect(codeOf('')).toBe(12100)
  expect(codeOf('{"verb":"say"}')).toBe(12100)
  expect(codeOf('<Response/><Response/>')).toBe(12100)
  expect(codeOf('<response/>')).toBe(12102)
  expect(codeOf('<!DOCTYPE x [<!ENTITY a "b">]><Response>&a;</Response>')).toBe(12100)
})
