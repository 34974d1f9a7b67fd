import type { Product } from '../harness/product.ts'
import { createLiveCalls } from '../webhooks/live-calls.ts'

const CALLS = 200

/** An organization with `count` events that all wait for one receiver at once, written without the cost of making each; answers with its id. */
export async function flood(product: Product, url: string, count: number): Promise<string> {
  const callIds = await createLiveCalls(product, { organizations: 1, calls: CALLS, webhookUrl: url })
  const { sql } = product.ctx.db
  const each = Math.ceil(count / CALLS)
  const now = new Date()
  const [row] = await sql<[{ organization_id: string }]>`
    with flooded as (
      update calls set last_sequence = last_sequence + ${each} where id = any(${callIds})
      returning id, organization_id, mode, webhook_url, last_sequence - ${each} as before
    ), events as (
      insert into call_events (id, call_id, sequence, type, occurred_at, data)
      select 'evt_' || f.id || n, f.id, f.before + n, 'transcription', ${now}, '{"turn":null}' from flooded f, generate_series(1, ${each}::int) n
    ), waiting as (
      insert into deliveries (id, organization_id, mode, call_id, event_id, sequence, target, url, status, created_at, next_at, attempt)
      select 'dlv_' || f.id || n, f.organization_id, f.mode, f.id, 'evt_' || f.id || n, f.before + n, f.webhook_url, f.webhook_url, 'pending', ${now}, ${now}, 0
      from flooded f, generate_series(1, ${each}::int) n
    )
    select organization_id from flooded limit 1`
  return row.organization_id
}

/** How many of its deliveries were attempted, and how many wait. */
export async function stateOfFlood({ ctx }: Product, organizationId: string) {
  const [row] = await ctx.db.sql<[{ attempted: number; waiting: number }]>`
    select (count(*) filter (where first_started_at is not null))::int as attempted,
      (count(*) filter (where first_started_at is null))::int as waiting
    from deliveries where organization_id = ${organizationId}`
  return row
}
