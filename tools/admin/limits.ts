import type { ServiceContext } from '@phonevoice/services/context'
import { getLimits, type OrganizationLimits, setLimits } from '@phonevoice/services/limits'
import { getOrganization } from '@phonevoice/services/organizations'
import { type Command, type CommandResult, UsageError } from './command.ts'
import { shown } from './table.ts'

const organization = { value: 'org_…', isRequired: true }

/** Options of `limits set`, and how many of the stored unit one of what is typed is. */
const OPTIONS = {
  'concurrent-calls': ['concurrentCalls', 1],
  'calls-per-minute': ['callsPerMinute', 1],
  'creates-per-second': ['createsPerSecond', 1],
  'requests-per-second': ['requestsPerSecond', 1],
  'queue-timeout-seconds': ['queueTimeoutSeconds', 1],
  'spend-per-day-usd': ['spendPerDayMicroUsd', 1_000_000],
} as const satisfies Record<string, readonly [keyof OrganizationLimits, number]>

export const limitsCommands: readonly Command[] = [
  {
    name: 'limits show',
    summary: 'shows what an organization may use at most; docs/limits.md explains each',
    positionals: [],
    options: { organization },
    run: (ctx, input) => show(ctx, input.text('organization')),
  },
  {
    name: 'limits set',
    summary: 'changes limits; "default" goes back to the default, what is left out stays',
    positionals: [],
    options: {
      organization,
      ...Object.fromEntries(Object.keys(OPTIONS).map((name) => [name, { value: '<number>|default' }])),
    },
    async run(ctx, input) {
      const organizationId = input.text('organization')
      await getOrganization(ctx, { organizationId })
      const change: Partial<Record<keyof OrganizationLimits, number | null>> = {}
      for (const [option, [name, factor]] of Object.entries(OPTIONS)) {
        const text = input.optional(option)
        if (text !== null) change[name] = text === 'default' ? null : toNumber(option, text, factor)
      }
      if (Object.keys(change).length === 0)
        throw new UsageError(`Say what to change: --${Object.keys(OPTIONS).join(', --')}.`)
      await setLimits(ctx, { organizationId, change })
      return await show(ctx, organizationId)
    },
  },
]

async function show(ctx: ServiceContext, organizationId: string): Promise<CommandResult> {
  await getOrganization(ctx, { organizationId })
  const limits = await getLimits(ctx, { organizationId })
  return shown(
    {
      organization: organizationId,
      concurrent_calls: limits.concurrentCalls,
      calls_per_minute: limits.callsPerMinute,
      creates_per_second: limits.createsPerSecond,
      requests_per_second: limits.requestsPerSecond,
      queue_timeout_seconds: limits.queueTimeoutSeconds,
      spend_per_day_usd: limits.spendPerDayMicroUsd === null ? null : limits.spendPerDayMicroUsd / 1_000_000,
    },
    ['Waiting calls and rates of requests follow within a second.'],
  )
}

function toNumber(option: string, text: string, factor: number): number {
  const value = Number(text)
  if (!/^\d+(\.\d+)?$/.test(text) || !Number.isSafeInteger(Math.round(value * factor)))
    throw new UsageError(`--${option} is a number or "default", not "${text}".`)
  return factor === 1 ? value : Math.round(value * factor)
}
