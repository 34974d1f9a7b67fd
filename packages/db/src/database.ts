import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { arrayTypes } from './array-types.ts'
import * as schema from './schema/index.ts'
import { createSteadySockets, STARTUP_PADDING } from './steady-socket.ts'

/** A tagged-template SQL client that passes JSON and dates as postgres.js does. */
export type Sql = postgres.Sql

export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database`. */
  url: string
  /** Most connections of each of the two clients. Default 10. */
  connectionsMax?: number
  /** A statement that takes longer is cancelled by the server. Default 15,000. */
  statementTimeoutMs?: number
  /** Shown in pg_stat_activity. */
  applicationName?: string
}

/** The product's database. */
export interface Database {
  /**
   * For hand-written statements. It is a client of its own because drizzle changes the JSON and date handling of the client it is given.
   * Pass JSON as `${JSON.stringify(value)}::text::jsonb` and times as `Date`.
   */
  sql: Sql
  /** For simple reads and single-statement writes. Never call `transaction()`: see docs/decisions/0002. */
  orm: PostgresJsDatabase<typeof schema>
  /** Lets what is under way come to its end, for at most five seconds. */
  close(): Promise<void>
}

/**
 * Every statement finds its rows by an index, whatever its parameters and however many rows there are. Planning it anew for each set of parameters costs
 * more than running it; and of a table that holds queues the statistics are those of another moment, by which a walk over all of it may look cheaper.
 */
const PLANNING = { plan_cache_mode: 'force_generic_plan', enable_seqscan: 'off', jit: 'off' }

/** Opens the database; connections are made when first needed. */
export function openDatabase(options: DatabaseOptions): Database {
  const sockets = createSteadySockets()
  const settings = {
    max: options.connectionsMax ?? 10,
    connect_timeout: 10,
    idle_timeout: 60,
    onnotice: () => {},
    fetch_types: false,
    types: arrayTypes,
    socket: sockets.connect,
    connection: {
      application_name: options.applicationName ?? 'phonevoice',
      ...PLANNING,
      statement_timeout: padded(options.statementTimeoutMs ?? 15_000),
    },
  }
  const sql = postgres(options.url, settings)
  const ormClient = postgres(options.url, { ...settings, max: Math.max(2, Math.ceil(settings.max / 2)) })
  return {
    sql,
    orm: drizzle(ormClient, { schema }),
    async close() {
      const ended = Promise.all([sql.end({ timeout: 5 }), ormClient.end({ timeout: 5 })])
      await Promise.race([ended, sockets.gone()])
    },
  }
}

/** The value is only ever written into the startup message as text; the driver's types want a number. */
function padded(value: number): number {
  return `${value}${STARTUP_PADDING}` as unknown as number
}
