import type { PhoneNumberResource } from '@phonevoice/contracts'
import type { schema } from '@phonevoice/db'

export type PhoneNumberRow = typeof schema.phoneNumbers.$inferSelect

export function toPhoneNumber(row: PhoneNumberRow): PhoneNumberResource {
  return {
    id: row.id,
    object: 'phone_number',
    mode: row.mode,
    phone_number: row.phoneNumber,
    assistant_id: row.assistantId,
    created_at: row.createdAt.toISOString(),
  }
}
