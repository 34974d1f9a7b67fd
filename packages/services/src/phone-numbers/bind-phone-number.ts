import { Conflict, InvalidInput, newId } from '@phonevoice/base'
import { isSandboxNumber, type PhoneNumberResource } from '@phonevoice/contracts'
import type { Mode, ServiceContext } from '../context.ts'
import { toPhoneNumber } from './to-phone-number.ts'

export interface BindPhoneNumber {
  organizationId: string
  mode: Mode
  phoneNumber: string
  assistantId: string
}

export interface BoundPhoneNumber {
  resource: PhoneNumberResource
  /** The account that must be told where to ask when the number is called; null: the sandbox's. */
  carrierAccountId: string | null
}

/**
 * Lets an assistant answer a number. In test mode any number of the sandbox's own, +12025550190 to +12025550199; in live mode one that the
 * organization owns. Binding again changes the assistant. Throws `unknown_assistant`, `number_not_owned`, `phone_number_taken`.
 */
export async function bindPhoneNumber(
  ctx: ServiceContext,
  input: BindPhoneNumber,
): Promise<BoundPhoneNumber> {
  if (input.mode === 'test' && !isSandboxNumber(input.phoneNumber))
    throw numberNotOwned('A test key binds the numbers of the sandbox: +12025550190 to +12025550199.')
  const facts = await write(ctx, input)
  if (!facts.is_assistant)
    throw new InvalidInput(
      'unknown_assistant',
      'There is no assistant with this id: create one with POST /v1/assistants or list yours.',
      { fields: [{ pointer: '/assistant_id', message: 'must be the id of one of your assistants' }] },
    )
  if (facts.id !== null && facts.created_at !== null) {
    const row = {
      ...input,
      id: facts.id,
      createdAt: facts.created_at,
      carrierAccountId: facts.carrier_account_id,
    }
    return { resource: toPhoneNumber(row), carrierAccountId: row.carrierAccountId }
  }
  if (facts.is_known)
    throw new Conflict(
      'phone_number_taken',
      'Another organization has bound this number: choose another one.',
    )
  throw numberNotOwned(
    'This number does not belong to the organization: add it to its carrier account first.',
  )
}

/** One statement: test numbers come into being when they are bound, live ones must be there. */
async function write(ctx: ServiceContext, input: BindPhoneNumber): Promise<BindFacts> {
  const { sql } = ctx.db
  const now = new Date(ctx.clock.now())
  const bound =
    input.mode === 'test'
      ? sql`
        insert into phone_numbers (id, organization_id, mode, phone_number, assistant_id, created_at)
        select ${newId('phoneNumber', now.getTime())}, ${input.organizationId}, 'test', ${input.phoneNumber}, assistant.id, ${now}
        from assistant
        on conflict (mode, phone_number) do update set assistant_id = excluded.assistant_id
        where phone_numbers.organization_id = excluded.organization_id
        returning id, created_at, carrier_account_id`
      : sql`
        update phone_numbers set assistant_id = assistant.id from assistant
        where mode = 'live' and phone_number = ${input.phoneNumber} and organization_id = ${input.organizationId}
        returning phone_numbers.id, created_at, carrier_account_id`
  const [facts] = await sql<[BindFacts]>`
    with assistant as (
      select id from assistants
      where id = ${input.assistantId} and organization_id = ${input.organizationId} and deleted_at is null
    ), bound as (${bound})
    select exists (select from assistant) as is_assistant,
      ${input.mode === 'test'} or exists (
        select from phone_numbers where mode = 'live' and phone_number = ${input.phoneNumber}
      ) as is_known,
      bound.id, bound.created_at, bound.carrier_account_id
    from (select 1) one left join bound on true`
  return facts
}

function numberNotOwned(message: string): InvalidInput {
  return new InvalidInput('number_not_owned', message, {
    fields: [{ pointer: '/phone_number', message: 'must be a number of yours' }],
  })
}

interface BindFacts {
  is_assistant: boolean
  is_known: boolean
  id: string | null
  created_at: Date | null
  carrier_account_id: string | null
}
