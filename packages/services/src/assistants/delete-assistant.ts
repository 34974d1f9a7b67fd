import { Conflict } from '@phonevoice/base'
import type { ServiceContext } from '../context.ts'
import { type AssistantKey, assistantNotFound } from './get-assistant.ts'

/** Takes an assistant out of use; calls that name it keep their copy. Throws `not_found`, or `assistant_in_use` while a number is bound to it. */
export async function deleteAssistant(ctx: ServiceContext, input: AssistantKey): Promise<void> {
  const { sql } = ctx.db
  const [row] = await sql<{ bound: string | null; is_deleted: boolean }[]>`
    with living as (
      select id, (
        select phone_number from phone_numbers
        where organization_id = ${input.organizationId} and assistant_id = assistants.id limit 1
      ) as bound
      from assistants
      where id = ${input.assistantId} and organization_id = ${input.organizationId} and deleted_at is null
    ), deleted as (
      update assistants set deleted_at = ${new Date(ctx.clock.now())}
      from living where assistants.id = living.id and living.bound is null and assistants.deleted_at is null
      returning assistants.id
    )
    select living.bound, exists (select from deleted) as is_deleted from living`
  if (!row) throw assistantNotFound()
  if (row.bound !== null)
    throw new Conflict(
      'assistant_in_use',
      'A phone number is answered by this assistant: unbind the number or bind it to another assistant first.',
    )
}
