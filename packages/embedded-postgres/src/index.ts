export { type PostgresBinaries, resolveBinaries } from './binaries.ts'
export { type DatabaseSettings, ensureDatabase } from './ensure-database.ts'
export { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from './start.ts'
