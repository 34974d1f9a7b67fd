import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashApiKey, makeApiKey, parseApiKey } from './key-format.ts'

describe('parseApiKey', () => {
  it('reads every key that is made', () => {
    for (const mode of ['test', 'live'] as const)
      for (let i = 0; i < 200; i++) {
        const key = makeApiKey(mode)
        expect(key).toMatch(/^pv_(test|live)_[0-9A-Za-z]{38}$/)
        expect(parseApiKey(key)).toEqual({ mode, hash: hashApiKey(key), last4: key.slice(-4) })
      }
  })

  it('refuses a key with any one character changed', () => {
    const key = makeApiKey('live')
    const position = fc.integer({ min: 0, max: key.length - 1 })
    fc.assert(
      fc.property(position, fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
        fc.pre(key[at] !== character)
        expect(parseApiKey(key.slice(0, at) + character + key.slice(at + 1))).toBeNull()
      }),
    )
  })

  it('refuses any other text', () => {
    fc.assert(fc.property(fc.string(), (text) => parseApiKey(text) === null))
    expect(parseApiKey(`${makeApiKey('test')}\n`)).toBeNull()
  })
})
