export { type Database, type DatabaseOptions, openDatabase, type Sql } from './database.ts'
export { migrate } from './migrate.ts'
export * as schema from './schema/index.ts'
export { isDatabaseUnreachable } from './unreachable.ts'
