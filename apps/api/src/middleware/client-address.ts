import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'

/** An IPv6 address with a zone is the longest there is. */
const ADDRESS_LENGTH_MAX = 64

/**
 * The network a request comes from, for counting: of an IPv6 address the first 64 bits, which is what one customer has. Behind `proxies` proxies
 * of our own it is the entry that the outermost of them has added to `X-Forwarded-For`; entries further left are anybody's invention.
 */
export function clientNetwork(c: Context, proxies: number): string {
  return toNetwork(clientAddress(c, proxies))
}

/** The address itself, for the audit log; null where there is none. */
export function clientAddress(c: Context, proxies: number): string | null {
  const forwarded = (c.req.header('x-forwarded-for') ?? '').split(',').map((part) => part.trim())
  const address = proxies > 0 ? (forwarded.at(-proxies) ?? '') : socketAddress(c)
  return address.slice(0, ADDRESS_LENGTH_MAX) || null
}

/** Empty for a request without a socket, as tests of single routes send them. */
function socketAddress(c: Context): string {
  const hasSocket = typeof c.env === 'object' && c.env !== null && 'incoming' in c.env
  return hasSocket ? (getConnInfo(c).remote.address ?? '') : ''
}

function toNetwork(address: string | null): string {
  const plain = (address ?? '').toLowerCase().replace(/^\[?([^\]%]*).*$/, '$1')
  if (!plain.includes(':') || plain.includes('.')) return plain.replace(/^::ffff:/, '').slice(0, 64)
  const [head = '', tail] = plain.split('::')
  const groups = head === '' ? [] : head.split(':')
  const tailGroups = tail === undefined || tail === '' ? [] : tail.split(':')
  while (tail !== undefined && groups.length < 8 - tailGroups.length) groups.push('0')
  return [...groups, ...tailGroups]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
    .slice(0, 64)
}
