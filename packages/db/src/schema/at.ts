import { timestamp } from 'drizzle-orm/pg-core'

/** A column for a moment, to the millisecond, which is what JavaScript keeps. */
export const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date', precision: 3 })
