import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judgeAddress, parseAddressRange } from './address.ts'

describe('judging addresses', () => {
  test.each([
    '8.8.8.8',
    '1.1.1.1',
    '93.184.216.34',
    '172.15.255.255',
    '172.32.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '169.253.255.255',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00:1450:4001:829::200e',
    '2001:200::1',
    '::ffff:8.8.8.8',
    '64:ff9b::808:808',
  ])('%s is public', (address) => {
    expect(judgeAddress(address, [])).toBe('public')
  })

  test.each([
    '0.0.0.0',
    '100.64.0.0',
    '100.127.255.255',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.0',
    '172.31.255.255',
    '192.0.0.192',
    '198.19.255.255',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::8.8.8.8',
    '::ffff:0:127.0.0.1',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::808:808',
    '100::1',
    '2001::1',
    '2001:2::1',
    '2001:db8::1',
    '2002:808:808::1',
    '3fff::1',
    '4000::1',
    '5f00::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    'localhost',
    'example.com',
    '',
    '1.2.3',
  ])('%s is refused', (address) => {
    expect(judgeAddress(address, [])).toBe('refused')
  })

  test('an opened range admits what is in it, also when IPv4 is written as mapped IPv6, and nothing beside it', () => {
    const opened = [parseAddressRange('127.0.0.0/8'), parseAddressRange('fd12:3456::/33')]
    for (const address of ['127.0.0.1', '127.255.255.255', '::ffff:127.0.0.1', 'fd12:3456:7fff::1'])
      expect(judgeAddress(address, opened)).toBe('opened')
    for (const address of ['128.0.0.0', '8.8.8.8']) expect(judgeAddress(address, opened)).toBe('public')
    for (const address of ['10.0.0.1', '::1', 'fd12:3456:8000::1', '64:ff9b::127.0.0.1', '2002:7f00:1::'])
      expect(judgeAddress(address, opened)).toBe('refused')
  })

  test('an IPv4 address is judged alike however IPv6 carries it', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const plain = judgeAddress(address, [])
        expect(judgeAddress(`::ffff:${address}`, [])).toBe(plain)
        expect(judgeAddress(`64:ff9b::${address}`, [])).toBe(plain)
        expect(judgeAddress(`::${address}`, [])).toBe('refused')
      }),
    )
  })
})

describe('reading ranges', () => {
  test.each([
    '',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    'localhost',
    '10.0/8',
    'fd00::/129',
    '10.0.0.0/8.5',
  ])('"%s" is refused with a sentence', (text) => {
    expect(() => parseAddressRange(text)).toThrow(/is not an address range/)
  })
})
