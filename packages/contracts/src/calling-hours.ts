import { z } from 'zod'

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'must be a time of day as HH:MM, at most 24:00')

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/** When a phone may ring. Both ends lie on the same day; `end` itself is outside. */
export const callingHoursSchema = z
  .strictObject({
    start: timeOfDay.meta({ example: '09:00' }),
    end: timeOfDay.meta({ example: '20:00' }),
    days: z.array(z.enum(WEEKDAYS)).min(1).max(7).optional().meta({ description: 'Default: every day.' }),
    time_zone: z
      .string()
      .max(64)
      .refine(isTimeZone, 'must be a time zone such as Europe/Berlin')
      .optional()
      .meta({
        description:
          'Default: where the callee may be. A number tells a region at best; the hours must then hold in each of its time zones.',
        example: 'America/New_York',
      }),
  })
  .refine((hours) => hours.start < hours.end, { path: ['end'], error: 'must be later than start' })
  .meta({ id: 'CallingHours' })
export type CallingHours = z.infer<typeof callingHoursSchema>
