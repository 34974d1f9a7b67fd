export { type AddressRange, judgeAddress, parseAddressRange } from './address.ts'
export { OutboundError, type OutboundErrorCode } from './errors.ts'
export {
  createGuardedClient,
  type GuardedClient,
  type GuardedClientOptions,
  type OutboundRequest,
  type OutboundResponse,
} from './guarded-client.ts'
export type { ResolvedAddress, ResolveName } from './guarded-connector.ts'
export { createProviderClient, type ProviderClient } from './provider-client.ts'
