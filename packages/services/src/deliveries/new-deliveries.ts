/**
 * The part of a statement that gives new events to their receivers: the call's own `webhook_url`, and every enabled endpoint of the organization
 * and mode that asked for this type of event. It belongs into the statement that writes the events, so that neither exists without the other.
 */
import type { Sql } from '@phonevoice/db'
import type { Fragment } from 'postgres'

/** The characters of ids. Receiver number n (0: the call's own URL, 1 to 20: the slot of an endpoint) replaces an id's last character by the nth. */
export const RECEIVER_LETTERS = '0123456789abcdefghjkmnpqrstvwxyz'

export interface NewDeliveries {
  /** The CTE of the calls: `id, organization_id, mode, webhook_url, webhook_events`. */
  call: 'changed' | 'new_call'
  /** Their new events: a query for `call_id, id, type, sequence, delivery_id`. */
  events: Fragment
  now: Date
}

/**
 * An `insert … returning id, call_id`. How many receivers there are only the database knows, so one id per event (`newId('delivery')`) comes from the
 * app, and the slot tells them apart.
 */
export function insertDeliveries(sql: Sql, { call, events, now }: NewDeliveries) {
  return sql`
    insert into deliveries (id, organization_id, mode, call_id, event_id, sequence, endpoint_id, target, url, status, created_at, next_at, attempt)
    select left(e.delivery_id, -1) || substr(${RECEIVER_LETTERS}, r.slot + 1, 1), c.organization_id, c.mode, c.id, e.id,
      e.sequence, r.endpoint_id, r.target, r.url, 'pending', ${now}, ${now}, 0
    from ${sql(call)} c
    cross join lateral (
      select 0 as slot, null::text as endpoint_id, split_part(c.webhook_url, '?', 1) as target, c.webhook_url as url, c.webhook_events as events
      where c.webhook_url is not null
      union all
      select w.slot, w.id, w.id, w.url, w.events from webhook_endpoints w
      where w.organization_id = c.organization_id and w.mode = c.mode and w.is_enabled and w.deleted_at is null
    ) r
    join (${events}) e on e.call_id = c.id and e.type = any(r.events)
    returning id, call_id`
}
