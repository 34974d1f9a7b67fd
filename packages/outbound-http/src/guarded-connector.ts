/**
 * The one place where a connection to a user's URL begins. Literal addresses are checked here, names in the lookup that the connection itself
 * uses: what was checked is what is connected to, so a name that changes its mind between check and use gains nothing. One bad answer among
 * good ones refuses the name. Host header and TLS server name stay those of the URL.
 */
import { lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import { type AddressRange, judgeAddress, parseAddress } from './address.ts'
import { OutboundError } from './errors.ts'

/** All addresses of a name. */
export type ResolveName = (
  hostname: string,
  done: (error: Error | null, addresses: ResolvedAddress[]) => void,
) => void

export interface ResolvedAddress {
  address: string
  family: number
}

export const resolveBySystem: ResolveName = (hostname, done) =>
  systemLookup(hostname, { all: true, verbatim: true }, (error, addresses) => done(error, addresses ?? []))

/** Ports that public addresses may be called on. Opened ranges may be called on any. */
const PUBLIC_PORTS: ReadonlySet<number> = new Set([80, 443])

export function createGuardedConnector(options: {
  opened: readonly AddressRange[]
  connectTimeoutMs: number
  resolve: ResolveName
}): buildConnector.connector {
  const allowed = (address: string, isPublicPort: boolean): boolean => {
    const judgement = judgeAddress(address, options.opened)
    return judgement === 'opened' || (judgement === 'public' && isPublicPort)
  }

  const connectorFor = (isPublicPort: boolean): buildConnector.connector => {
    const lookup: LookupFunction = (hostname, lookupOptions, callback) => {
      options.resolve(hostname, (error, addresses) => {
        if (error) return callback(error, '')
        if (addresses.length === 0 || !addresses.every(({ address }) => allowed(address, isPublicPort)))
          return callback(new OutboundError('blocked-address'), '')
        if (lookupOptions.all) return callback(null, addresses)
        const [first] = addresses as [ResolvedAddress]
        callback(null, first.address, first.family)
      })
    }
    return buildConnector({ timeout: options.connectTimeoutMs, lookup, allowH2: false })
  }
  const onPublicPort = connectorFor(true)
  const onOtherPort = connectorFor(false)

  return (request, callback) => {
    const port = Number(request.port) || (request.protocol === 'https:' ? 443 : 80)
    const isPublicPort = PUBLIC_PORTS.has(port)
    const literal = request.hostname.replace(/^\[|\]$/g, '')
    // Node asks no lookup for a literal, so it must be judged here.
    if (parseAddress(literal) && !allowed(literal, isPublicPort)) {
      callback(new OutboundError('blocked-address'), null)
      return
    }
    const connect = isPublicPort ? onPublicPort : onOtherPort
    connect(request, callback)
  }
}
