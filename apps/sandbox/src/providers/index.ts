export type { Fault, FaultControl, FaultInput, FaultTarget } from './faults.ts'
export type { Latencies } from './latencies.ts'
export { createProviderServer, type ProviderServer, type ProviderServerOptions } from './provider-server.ts'
export type { LoggedRequest, RequestLog } from './request-log.ts'
