import type { DoNotCallEntry } from '@phonevoice/contracts'
import type { ServiceContext } from '../context.ts'
import { decodeCursor, type Page, type PageRequest, rowsWanted, toPage } from '../pages/cursor.ts'
import { type DoNotCallRow, toDoNotCall } from './to-do-not-call.ts'

/** An organization's list, newest first; with `phoneNumber` at most that one entry. Throws `invalid_cursor`. */
export async function listDoNotCall(
  ctx: ServiceContext,
  input: { organizationId: string; phoneNumber?: string | undefined } & PageRequest,
): Promise<Page<DoNotCallEntry>> {
  const { sql } = ctx.db
  const position = input.cursor === undefined ? null : decodeCursor(input.cursor)
  const rows = await sql<DoNotCallRow[]>`
    select id, phone_number, note, created_at from do_not_call_numbers
    where organization_id = ${input.organizationId}
      ${input.phoneNumber === undefined ? sql`` : sql`and phone_number = ${input.phoneNumber}`}
      ${position === null ? sql`` : sql`and (created_at, id) < (${position.createdAt}, ${position.id})`}
    order by created_at desc, id desc limit ${rowsWanted(input)}`
  return toPage(input, rows, (row) => ({ createdAt: row.created_at, id: row.id }), toDoNotCall)
}
