import type { PhoneNumberResource } from '@phonevoice/contracts'
import { schema } from '@phonevoice/db'
import { and, desc, eq } from 'drizzle-orm'
import type { Mode, ServiceContext } from '../context.ts'
import { before } from '../pages/before.ts'
import { type Page, type PageRequest, rowsWanted, toPage } from '../pages/cursor.ts'
import { toPhoneNumber } from './to-phone-number.ts'

/** An organization's numbers of one mode, newest first. Throws `invalid_cursor`. */
export async function listPhoneNumbers(
  ctx: ServiceContext,
  input: { organizationId: string; mode: Mode } & PageRequest,
): Promise<Page<PhoneNumberResource>> {
  const { phoneNumbers } = schema
  const rows = await ctx.db.orm
    .select()
    .from(phoneNumbers)
    .where(
      and(
        eq(phoneNumbers.organizationId, input.organizationId),
        eq(phoneNumbers.mode, input.mode),
        before(phoneNumbers.createdAt, phoneNumbers.id, input.cursor),
      ),
    )
    .orderBy(desc(phoneNumbers.createdAt), desc(phoneNumbers.id))
    .limit(rowsWanted(input))
  return toPage(input, rows, (row) => row, toPhoneNumber)
}
