import type { DoNotCallEntry } from '@phonevoice/contracts'

export interface DoNotCallRow {
  id: string
  phone_number: string
  note: string | null
  created_at: Date
}

export function toDoNotCall(row: DoNotCallRow): DoNotCallEntry {
  return {
    id: row.id,
    object: 'do_not_call',
    phone_number: row.phone_number,
    note: row.note,
    created_at: row.created_at.toISOString(),
  }
}
