export { apiConfigShape } from './config.ts'
export type { ApiDependencies } from './dependencies.ts'
export { createDocument, type OpenApiDocument } from './openapi.ts'
export { type ApiServer, createServer } from './server.ts'
