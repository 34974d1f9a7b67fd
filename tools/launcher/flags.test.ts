import { expect, test } from 'vitest'
import { parseFlags, parsePort } from './flags.ts'

test('without arguments there is a demo call, and the default folder', () => {
  expect(parseFlags([])).toEqual({ isHelp: false, isDemo: true, stateFolder: null })
})

test('every option is understood, and nothing else', () => {
  expect(parseFlags(['--no-demo', '--state', 'x', '-h'])).toEqual({
    isHelp: true,
    isDemo: false,
    stateFolder: 'x',
  })
  for (const wrong of [['--bogus'], ['x'], ['--state']]) expect(() => parseFlags(wrong)).toThrow()
})

test('a port is one that can be listened on, or not given', () => {
  expect([undefined, '', '1', '8080', '65535'].map(parsePort)).toEqual([null, null, 1, 8080, 65535])
  for (const wrong of ['0', '65536', '-1', '80.5', 'abc', ' 80'])
    expect(() => parsePort(wrong)).toThrow(`not "${wrong}"`)
})
