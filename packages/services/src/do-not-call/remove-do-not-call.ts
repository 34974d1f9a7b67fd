import { isId, NotFound } from '@phonevoice/base'
import { insertAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'

/** Takes a number off an organization's list. Throws `not_found`. */
export async function removeDoNotCall(
  ctx: ServiceContext,
  input: { organizationId: string; id: string },
): Promise<void> {
  const audited = {
    organizationId: input.organizationId,
    action: 'do_not_call.removed',
    resourceId: input.id,
  } as const
  const rows = isId('doNotCall', input.id)
    ? await ctx.db.sql`
        with removed as (
          delete from do_not_call_numbers where id = ${input.id} and organization_id = ${input.organizationId} returning id
        ), audited as (${insertAudit(ctx, audited, 'removed')})
        select id from removed`
    : []
  if (rows.length === 0)
    throw new NotFound('not_found', 'There is no such entry: list yours with GET /v1/do-not-call.')
}
