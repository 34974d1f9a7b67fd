import { z } from 'zod'
import { callingHoursSchema } from './calling-hours.ts'

export const limitsSchema = z
  .object({
    object: z.literal('limits'),
    concurrent_calls: z.int().meta({
      description:
        'Calls dialled, ringing or under way at once, of each mode; more wait in the queue. Incoming calls count.',
    }),
    calls_per_minute: z
      .int()
      .meta({ description: 'Calls dialled in any sixty seconds; more wait in the queue.' }),
    creates_per_second: z
      .int()
      .meta({ description: '`POST /v1/calls` of the organization; twice as many at once.' }),
    requests_per_second: z.int().meta({ description: 'Requests of one key; twice as many at once.' }),
    queue_timeout_seconds: z.int().meta({ description: 'How long a call waits unless it says so itself.' }),
    spend_per_day: z
      .number()
      .nullable()
      .meta({ description: 'USD that calls may cost per day (UTC); null: no limit.' }),
    countries: z.array(z.string()).meta({
      description: 'ISO 3166-1 codes of the countries that live calls may go to.',
      example: ['US', 'CA'],
    }),
    calling_hours: callingHoursSchema.nullable(),
  })
  .meta({ id: 'Limits' })
