import type { Database } from '@phonevoice/db'
import type { Mode, ServiceContext } from '../context.ts'
import { keptSince } from '../idempotency/create-once.ts'
import { gatherPerDatabase } from './gather-per-database.ts'

/** Everything a new call depends on. */
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

export interface CreateQuestion {
  organizationId: string
  mode: Mode
  phoneNumber: string
  assistantId: string
  from: string | null
  idempotencyKey: string | null
}

/** One round trip, shared by the calls that are created at the same moment: what they have in common is read once. */
export function loadForCreate(ctx: ServiceContext, question: CreateQuestion): Promise<CreateFacts> {
  return gathered(ctx, { ...question, keptSince: keptSince(ctx) })
}

const gathered = gatherPerDatabase(loadAll)

type Asked = CreateQuestion & { keptSince: Date }

async function loadAll({ sql }: Database, asked: readonly Asked[]): Promise<CreateFacts[]> {
  const scopes = new Map<
    string,
    { at: number; organizationId: string; mode: Mode; assistantId: string; from: string | null }
  >()
  const scopeOf = asked.map(({ organizationId, mode, assistantId, from }) => {
    const name = JSON.stringify([organizationId, mode, assistantId, from])
    const scope = scopes.get(name) ?? { at: scopes.size, organizationId, mode, assistantId, from }
    scopes.set(name, scope)
    return scope.at
  })
  const all = [...scopes.values()]
  const texts = (value: (question: Asked) => string | null) => asked.map(value)
  const rows = await sql<ScopeRow[]>`
    with asked as materialized (
      select * from unnest(
        ${scopeOf}::int[], ${texts(({ organizationId }) => organizationId)}::text[], ${texts(({ phoneNumber }) => phoneNumber)}::text[],
        ${texts(({ idempotencyKey }) => idempotencyKey)}::text[], ${texts((question) => question.keptSince.toISOString())}::text[]
      ) with ordinality as a (scope, organization_id, phone_number, key, kept_since, number)
    )
    select assistant.settings, account.has_account, number.from_number, number.carrier_account_id,
      policy.countries, policy.calling_hours, limits.queue_timeout_seconds,
      exists (
        select from calls c where c.organization_id = scope.organization_id and c.mode = scope.mode and c.status = 'queued'
        offset ${QUEUE_LONG}
      ) as is_queue_long,
      array(
        select a.number::int from asked a
        join do_not_call_numbers d on d.organization_id = a.organization_id and d.phone_number = a.phone_number
        where a.scope = scope.number - 1
      ) as do_not_call,
      answered.numbers, answered.hashes, answered.bodies
    from unnest(
      ${all.map(({ organizationId }) => organizationId)}::text[], ${all.map(({ mode }) => mode)}::text[],
      ${all.map(({ assistantId }) => assistantId)}::text[], ${all.map(({ from }) => from)}::text[]
    ) with ordinality as scope (organization_id, mode, assistant_id, from_number, number)
    cross join lateral (select exists (
      select from carrier_accounts where organization_id = scope.organization_id and is_active
    ) as has_account) account
    left join assistants assistant on assistant.id = scope.assistant_id
      and assistant.organization_id = scope.organization_id and assistant.deleted_at is null
    left join lateral (
      select n.phone_number as from_number, a.id as carrier_account_id
      from phone_numbers n join carrier_accounts a on a.id = n.carrier_account_id and a.is_active
      where n.organization_id = scope.organization_id and n.mode = 'live'
        and n.phone_number = coalesce(scope.from_number, n.phone_number)
      order by n.created_at, n.id limit 1
    ) number on true
    left join lateral (
      select array_agg(a.number::int) as numbers, array_agg(k.request_hash) as hashes, array_agg(k.response_body) as bodies
      from asked a join idempotency_keys k on k.organization_id = a.organization_id and k.key = a.key
      where a.scope = scope.number - 1 and k.created_at >= a.kept_since::timestamptz
    ) answered on true
    left join dial_policies policy on policy.organization_id = scope.organization_id
    left join organization_limits limits on limits.organization_id = scope.organization_id
    order by scope.number`
  return asked.map((_, at) => toFacts(rows[scopeOf[at] ?? 0] as ScopeRow, at + 1))
}

/** What calls of one organization, mode, assistant and caller id share; requests are named by their number, from 1. */
interface ScopeRow extends Omit<CreateFacts, 'request_hash' | 'response_body' | 'is_on_do_not_call_list'> {
  do_not_call: number[]
  numbers: number[] | null
  hashes: string[] | null
  bodies: string[] | null
}

function toFacts({ do_not_call, numbers, hashes, bodies, ...shared }: ScopeRow, number: number): CreateFacts {
  const answer = numbers?.indexOf(number) ?? -1
  return {
    ...shared,
    is_on_do_not_call_list: do_not_call.includes(number),
    request_hash: hashes?.[answer] ?? null,
    response_body: bodies?.[answer] ?? null,
  }
}
