import type { Mode, ServiceContext } from '../context.ts'
import { hashStreamToken } from './token.ts'

/** Whose carrier account must have signed the handshake of a stream. */
export interface StreamAccount {
  organizationId: string
  mode: Mode
  carrierAccountId: string | null
}

/** Looks a token up without using it: a handshake that is not signed must leave it for the carrier. Null: unknown, used, or another node's. */
export async function findStreamAccount(
  ctx: ServiceContext,
  input: { token: string; nodeId: string },
): Promise<StreamAccount | null> {
  const [row] = await ctx.db.sql<
    { organization_id: string; mode: Mode; carrier_account_id: string | null }[]
  >`
    select c.organization_id, c.mode, c.carrier_account_id from streams s join calls c on c.id = s.call_id
    where s.token_hash = ${hashStreamToken(input.token)} and s.node_id = ${input.nodeId} and s.opened_at is null`
  if (!row) return null
  return {
    organizationId: row.organization_id,
    mode: row.mode,
    carrierAccountId: row.carrier_account_id,
  }
}
