import { type CallingHours, callingHoursSchema } from '@phonevoice/contracts'
import type { ServiceContext } from '@phonevoice/services/context'
import { COUNTRIES_DEFAULT, getDialPolicy, setDialPolicy } from '@phonevoice/services/dial-policy'
import { getOrganization } from '@phonevoice/services/organizations'
import { type Command, type CommandResult, UsageError } from './command.ts'
import { shown } from './table.ts'

const organization = { value: 'org_…', isRequired: true }

export const policyCommands: readonly Command[] = [
  {
    name: 'policy show',
    summary: 'shows which countries an organization may call, and when',
    positionals: [],
    options: { organization },
    run: (ctx, input) => show(ctx, input.text('organization')),
  },
  {
    name: 'policy set',
    summary: `changes it; countries "default" are ${COUNTRIES_DEFAULT.join(',')}, hours "none" are all; without a zone the callee's`,
    positionals: [],
    options: {
      organization,
      countries: { value: 'US,CA,…|default' },
      hours: { value: '09:00-20:00|none' },
      days: { value: 'mon,tue,…' },
      'time-zone': { value: 'Europe/Berlin' },
    },
    async run(ctx, input) {
      const organizationId = input.text('organization')
      await getOrganization(ctx, { organizationId })
      const countries = input.optional('countries')
      const hours = input.optional('hours')
      if (countries === null && hours === null)
        throw new UsageError(
          'Say what to change: --countries, or --hours with --days and --time-zone if need be.',
        )
      await setDialPolicy(ctx, {
        organizationId,
        ...(countries === null
          ? {}
          : { countries: countries === 'default' ? null : toList(countries.toUpperCase()) }),
        ...(hours === null
          ? {}
          : { callingHours: toHours(hours, input.optional('days'), input.optional('time-zone')) }),
      })
      return await show(ctx, organizationId)
    },
  },
]

async function show(ctx: ServiceContext, organizationId: string): Promise<CommandResult> {
  await getOrganization(ctx, { organizationId })
  const { countries, callingHours } = await getDialPolicy(ctx, { organizationId })
  return shown({
    organization: organizationId,
    countries: countries.join(','),
    hours: callingHours && `${callingHours.start}-${callingHours.end}`,
    days: callingHours && (callingHours.days?.join(',') ?? 'all'),
    time_zone: callingHours && (callingHours.time_zone ?? "the callee's"),
  })
}

function toHours(text: string, days: string | null, timeZone: string | null): CallingHours | null {
  if (text === 'none') return null
  const [start, end] = text.split('-')
  const hours = callingHoursSchema.safeParse({
    start,
    end,
    ...(days === null ? {} : { days: toList(days.toLowerCase()) }),
    ...(timeZone === null ? {} : { time_zone: timeZone }),
  })
  if (!hours.success)
    throw new UsageError(
      `These are no calling hours: ${hours.error.issues.map((issue) => `${issue.path.join(' ')} ${issue.message}`).join('; ')}.`,
    )
  return hours.data
}

function toList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
