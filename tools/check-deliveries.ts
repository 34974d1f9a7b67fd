/**
 * Checks a finished run: `npx tsx tools/check-deliveries.ts [--settled] receipts.jsonl…`, with DATABASE_URL set. Prints what was wrong and exits with 1, or
 * what was right and exits with 0. `tools/chaos/receipts.ts` says what a line of the log is.
 */
import { readFileSync } from 'node:fs'
import { openDatabase } from '@phonevoice/db'
import { checkDeliveries } from './chaos/check-deliveries.ts'
import { readDeliveryFacts } from './chaos/delivery-facts.ts'
import { groupBy } from './chaos/group-by.ts'
import { parseReceipts } from './chaos/receipts.ts'

const SHOWN_MAX = 20

const files = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const url = process.env.DATABASE_URL
if (!url || files.length === 0) {
  console.error(
    'Usage: DATABASE_URL=postgres://… npx tsx tools/check-deliveries.ts [--settled] receipts.jsonl…',
  )
  process.exitCode = 2
} else {
  const database = openDatabase({ url, connectionsMax: 1, statementTimeoutMs: 300_000 })
  try {
    const receipts = files.flatMap((file) => parseReceipts(readFileSync(file, 'utf8')))
    const facts = await readDeliveryFacts(database.sql)
    const violations = checkDeliveries(facts, receipts, { isSettled: process.argv.includes('--settled') })
    const counts = [...groupBy(violations, (violation) => violation.kind)].map(
      ([kind, all]) => `${all.length} ${kind}`,
    )
    for (const { kind, detail } of violations.slice(0, SHOWN_MAX)) console.log(`${kind}: ${detail}`)
    console.log(
      `${facts.calls.length} calls, ${facts.events.length} events, ${facts.deliveries.length} deliveries, ${receipts.length} receipts: ${counts.join(', ') || 'nothing wrong'}.`,
    )
    process.exitCode = violations.length === 0 ? 0 : 1
  } finally {
    await database.close()
  }
}
