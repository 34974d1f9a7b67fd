import type { Log } from '@phonevoice/base'
import postgres from 'postgres'
import { errorReporter } from './backend.ts'
import type { BusTransport } from './bus.ts'
import { createOutbox } from './outbox.ts'

/** NOTIFY carries at most 8,000 bytes. */
const PAYLOAD_BYTES_MAX = 7900
/** A notification takes a lock that all of the database share until it is committed. */
const PAUSE_MS = 5

/** One connection listens, another notifies; postgres.js reconnects and listens again by itself. */
export function openPostgresBus(url: string, log: Log): BusTransport {
  const report = errorReporter(log, 'The bus cannot reach Postgres')
  const sql = postgres(url, {
    max: 1,
    connect_timeout: 5,
    onnotice: () => {},
    connection: { application_name: 'phonevoice-bus', statement_timeout: 5000 },
  })
  const outbox = createOutbox<{ channel: string; payload: string }>({
    key: ({ channel, payload }) => `${channel} ${payload}`,
    send: (batch) =>
      sql`select pg_notify(m.channel, m.payload) from unnest(
        ${batch.map((message) => message.channel)}::text[], ${batch.map((message) => message.payload)}::text[]
      ) as m (channel, payload)`,
    pauseMs: PAUSE_MS,
    onLost: (count, error) => log.warn('Bus messages were lost', { count, error }),
  })
  return {
    publish(channel, payload) {
      if (Buffer.byteLength(payload) <= PAYLOAD_BYTES_MAX) outbox.add({ channel, payload })
      else report(new Error('A bus message is too large.'))
    },
    async listen(channel, onPayload) {
      await sql.listen(channel, onPayload)
    },
    async close() {
      await outbox.close()
      await sql.end({ timeout: 2 })
    },
  }
}
