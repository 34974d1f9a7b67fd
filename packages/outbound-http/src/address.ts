/**
 * Which addresses users' URLs may reach. Everything that is not plainly a public unicast address is refused: a webhook URL must not be a way
 * to talk to our own network, to a cloud's metadata service, or to ourselves. IPv4 addresses hidden in IPv6 ones are taken out first.
 */
import { isIPv4, isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'

/** A block of addresses; 4 or 16 bytes. */
export interface AddressRange {
  bytes: readonly number[]
  prefixBits: number
}

/** Reads `10.0.0.0/8`, `fd00::/8`, or a single address. Throws with a sentence on anything else. */
export function parseAddressRange(text: string): AddressRange {
  const [address = '', prefix, ...rest] = text.trim().split('/')
  const bytes = parseAddress(address)
  const bits = bytes ? bytes.length * 8 : 0
  const prefixBits = prefix === undefined ? bits : Number(prefix)
  if (
    !bytes ||
    rest.length > 0 ||
    prefix === '' ||
    !Number.isInteger(prefixBits) ||
    prefixBits < 0 ||
    prefixBits > bits
  )
    throw new Error(`"${text}" is not an address range; write for example 127.0.0.0/8 or fd00::/8.`)
  return { bytes, prefixBits }
}

/** The bytes of an address in dotted or colon form; null for anything else, names included. */
export function parseAddress(text: string): number[] | null {
  if (isIPv4(text)) return text.split('.').map(Number)
  if (!isIPv6(text)) return null
  // The URL parser writes an IPv6 address in its one canonical form, all in hex: ipaddr.js would read the dotted `::127.0.0.1` as mapped IPv4.
  const canonical = new URL(`http://[${text.replace(/%.*$/, '')}]`).hostname.slice(1, -1)
  return ipaddr.IPv6.parse(canonical).toByteArray()
}

const ranges = (...texts: string[]): AddressRange[] => texts.map(parseAddressRange)

/** IANA's IPv4 special-purpose registry, multicast, the reserved rest, and one public address that is a cloud's internal service. */
const SPECIAL_IPV4 = ranges(
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32', // Azure's virtual platform service
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
)

/** All of global unicast IPv6. */
const GLOBAL_IPV6 = parseAddressRange('2000::/3')
/** What IANA's special-purpose registry takes out of it. Teredo (2001::/32) and 6to4 (2002::/16) wrap any IPv4 address and are gone from the public net. */
const SPECIAL_IPV6 = ranges('2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20')
/** NAT64's well-known prefix: networks without IPv4 reach public IPv4 through it. */
const NAT64 = parseAddressRange('64:ff9b::/96')
const V4_MAPPED = parseAddressRange('::ffff:0:0/96')

/**
 * Whether an address may be connected to: it is public, or inside one of the ranges that the deployment opened. Names are not addresses and
 * give false.
 */
export function judgeAddress(text: string, opened: readonly AddressRange[]): 'public' | 'opened' | 'refused' {
  const parsed = parseAddress(text)
  if (!parsed) return 'refused'
  // The kernel treats ::ffff:1.2.3.4 as 1.2.3.4, so it is opened with it.
  const address = contains(V4_MAPPED, parsed) ? parsed.slice(12) : parsed
  if (opened.some((range) => contains(range, address))) return 'opened'
  return isPublic(address) ? 'public' : 'refused'
}

function isPublic(address: readonly number[]): boolean {
  if (address.length === 4) return !SPECIAL_IPV4.some((range) => contains(range, address))
  if (contains(NAT64, address)) return isPublic(address.slice(12))
  return contains(GLOBAL_IPV6, address) && !SPECIAL_IPV6.some((range) => contains(range, address))
}

function contains(range: AddressRange, address: readonly number[]): boolean {
  if (range.bytes.length !== address.length) return false
  for (let bit = 0; bit < range.prefixBits; bit += 8) {
    const mask = (0xff << Math.max(0, 8 - (range.prefixBits - bit))) & 0xff
    const index = bit / 8
    if (((range.bytes[index] as number) & mask) !== ((address[index] as number) & mask)) return false
  }
  return true
}
