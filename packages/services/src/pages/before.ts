import { type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { decodeCursor } from './cursor.ts'

/** The condition for rows that follow the cursor in the order (created_at desc, id desc); undefined without a cursor. */
export function before(createdAt: PgColumn, id: PgColumn, cursor: string | undefined): SQL | undefined {
  if (cursor === undefined) return undefined
  const position = decodeCursor(cursor)
  return sql`(${createdAt}, ${id}) < (${position.createdAt.toISOString()}::timestamptz, ${position.id})`
}
