import { schema } from '@phonevoice/db'
import { asc, eq } from 'drizzle-orm'
import type { ServiceContext } from '../context.ts'

/** What may be shown of an account: everything but the token. */
export interface CarrierAccountInfo {
  id: string
  carrier: 'twilio'
  accountSid: string
  baseUrl: string
  isActive: boolean
  createdAt: Date
}

export async function listCarrierAccounts(
  ctx: ServiceContext,
  input: { organizationId: string },
): Promise<CarrierAccountInfo[]> {
  const { carrierAccounts } = schema
  return await ctx.db.orm
    .select({
      id: carrierAccounts.id,
      carrier: carrierAccounts.carrier,
      accountSid: carrierAccounts.accountSid,
      baseUrl: carrierAccounts.baseUrl,
      isActive: carrierAccounts.isActive,
      createdAt: carrierAccounts.createdAt,
    })
    .from(carrierAccounts)
    .where(eq(carrierAccounts.organizationId, input.organizationId))
    .orderBy(asc(carrierAccounts.createdAt), asc(carrierAccounts.id))
}
