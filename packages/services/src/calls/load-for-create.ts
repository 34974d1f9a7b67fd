import type { Mode, ServiceContext } from '../context.ts'
import { keptSince } from '../idempotency/create-once.ts'

/** Everything a new call depends on, read in one round trip. */
export interface CreateFacts {
  /** The settings of the assistant; null when the organization has no such assistant. */
  settings: unknown
  /** Live only: whether the organization has an active carrier account. */
  has_account: boolean
  /** Live only: the number to call from and whose account it belongs to; null when there is none that fits. */
  from_number: string | null
  carrier_account_id: string | null
  /** The answer already given for this idempotency key. */
  request_hash: string | null
  response_body: string | null
  /** The organization's dial policy as it is stored. */
  countries: string[] | null
  calling_hours: string | null
  is_on_do_not_call_list: boolean
  /** How long a call may wait, unless it says so itself; null: the default. */
  queue_timeout_seconds: number | null
  /** So many calls wait that a further one need not try to be dialled at once. */
  is_queue_long: boolean
}

/** Calls of one organization that try to be dialled as soon as they are created; behind these a call waits to be let through. */
const QUEUE_LONG = 100

export async function loadForCreate(
  ctx: ServiceContext,
  input: {
    organizationId: string
    mode: Mode
    phoneNumber: string
    assistantId: string
    from: string | null
    idempotencyKey: string | null
  },
): Promise<CreateFacts> {
  const { sql } = ctx.db
  const [facts] = await sql<[CreateFacts]>`
    select assistant.settings, account.has_account, number.from_number, number.carrier_account_id,
      answer.request_hash, answer.response_body, policy.countries, policy.calling_hours, limits.queue_timeout_seconds,
      exists (
        select from do_not_call_numbers d
        where d.organization_id = ${input.organizationId} and d.phone_number = ${input.phoneNumber}
      ) as is_on_do_not_call_list,
      exists (
        select from calls c where c.organization_id = ${input.organizationId} and c.mode = ${input.mode} and c.status = 'queued'
        offset ${QUEUE_LONG}
      ) as is_queue_long
    from (select exists (
      select from carrier_accounts where organization_id = ${input.organizationId} and is_active
    ) as has_account) account
    left join assistants assistant on assistant.id = ${input.assistantId}
      and assistant.organization_id = ${input.organizationId} and assistant.deleted_at is null
    left join lateral (
      select n.phone_number as from_number, a.id as carrier_account_id
      from phone_numbers n join carrier_accounts a on a.id = n.carrier_account_id and a.is_active
      where n.organization_id = ${input.organizationId} and n.mode = 'live'
        and n.phone_number = coalesce(${input.from}::text, n.phone_number)
      order by n.created_at, n.id limit 1
    ) number on true
    left join idempotency_keys answer on answer.organization_id = ${input.organizationId}
      and answer.key = ${input.idempotencyKey}::text and answer.created_at >= ${keptSince(ctx)}
    left join dial_policies policy on policy.organization_id = ${input.organizationId}
    left join organization_limits limits on limits.organization_id = ${input.organizationId}`
  return facts
}
