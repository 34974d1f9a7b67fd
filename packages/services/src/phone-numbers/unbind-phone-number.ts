import { isId, NotFound } from '@phonevoice/base'
import type { Mode, ServiceContext } from '../context.ts'

/**
 * Nobody answers the number any more. A live number stays with the organization; a sandbox number is free for others again. Answers with what the
 * carrier must be told about. Throws `not_found`.
 */
export async function unbindPhoneNumber(
  ctx: ServiceContext,
  input: { organizationId: string; mode: Mode; phoneNumberId: string },
): Promise<{ phoneNumber: string; carrierAccountId: string | null }> {
  const { sql } = ctx.db
  const [row] = isId('phoneNumber', input.phoneNumberId)
    ? await sql<{ phone_number: string; carrier_account_id: string | null }[]>`
        ${input.mode === 'test' ? sql`delete from phone_numbers` : sql`update phone_numbers set assistant_id = null`}
        where id = ${input.phoneNumberId} and organization_id = ${input.organizationId} and mode = ${input.mode}
        returning phone_number, carrier_account_id`
    : []
  if (!row)
    throw new NotFound('not_found', 'There is no such phone number: list yours with GET /v1/phone-numbers.')
  return { phoneNumber: row.phone_number, carrierAccountId: row.carrier_account_id }
}
