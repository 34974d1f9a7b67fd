import { z } from 'zod'

/** Outside of these years JavaScript writes dates in a way that Postgres does not read; an offset can carry a date across the border. */
const FIRST_MS = Date.parse('0001-01-01T00:00:00Z')
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z')

/** A moment that a user sends: ISO 8601 with `Z` or an offset. */
export const momentSchema = z.iso.datetime({ offset: true }).refine((text) => {
  const ms = Date.parse(text)
  return ms >= FIRST_MS && ms <= LAST_MS
}, 'must be between the years 1 and 9999')
