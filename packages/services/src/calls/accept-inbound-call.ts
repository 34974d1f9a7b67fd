import { InternalError } from '@phonevoice/base'
import { schema } from '@phonevoice/db'
import { and, eq } from 'drizzle-orm'
import { loadAssistant } from '../assistants/get-assistant.ts'
import { storedSettings } from '../assistants/to-assistant.ts'
import type { Mode, ServiceContext } from '../context.ts'
import { cleanText } from '../text/clean.ts'
import type { CallRow } from './call-row.ts'
import { callEvent } from './call-writer.ts'
import { insertCall } from './new-call.ts'
import { newCallRow } from './new-call-row.ts'

export interface InboundCall {
  organizationId: string
  mode: Mode
  assistantId: string
  /** Who calls; withheld numbers come as words such as `anonymous`. */
  from: string
  /** The number that was called. */
  to: string
  carrierCallId: string
  /** Null: the sandbox's account. */
  carrierAccountId: string | null
}

/**
 * Somebody calls one of our numbers. The carrier may ask twice: the same carrier id is the same call. Throws `not_found` when the assistant is gone.
 */
export async function acceptInboundCall(
  ctx: ServiceContext,
  input: InboundCall,
): Promise<{ call: CallRow; isNew: boolean }> {
  const assistant = await loadAssistant(ctx, input)
  const now = new Date(ctx.clock.now())
  const caller = cleanText(input.from).slice(0, 100)
  const row = newCallRow(
    {
      organizationId: input.organizationId,
      mode: input.mode,
      direction: 'inbound',
      phoneNumber: caller,
      fromNumber: caller,
      carrierAccountId: input.carrierAccountId,
      carrierCallId: input.carrierCallId,
    },
    { assistant_id: assistant.id },
    storedSettings(assistant.settings),
    now,
  )
  const event = callEvent('call.ringing', now.getTime(), {
    status: 'ringing',
    phone_number: row.phoneNumber,
    from: row.fromNumber,
  })
  const isNew = await insertCall(ctx, { row, event, dialAt: null, idempotency: null })
  return { call: isNew ? row : await findInboundCall(ctx, input), isNew }
}

async function findInboundCall(ctx: ServiceContext, input: InboundCall): Promise<CallRow> {
  const { calls } = schema
  const [row] = await ctx.db.orm
    .select()
    .from(calls)
    .where(and(eq(calls.carrierCallId, input.carrierCallId), eq(calls.direction, 'inbound')))
  if (row?.organizationId !== input.organizationId)
    throw new InternalError('An incoming call belongs to another organization.', {
      context: { carrierCallId: input.carrierCallId },
    })
  return row
}
