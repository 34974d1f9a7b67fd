import { AUDIT_ACTIONS, type AuditAction } from '@phonevoice/contracts'
import { listAuditEntries } from '@phonevoice/services/audit'
import { getOrganization } from '@phonevoice/services/organizations'
import { type Command, UsageError } from './command.ts'
import { listed } from './table.ts'

/** How many entries a command shows: a page. */
const SHOWN_MAX = 100

export const auditCommands: readonly Command[] = [
  {
    name: 'audit list',
    summary: `shows who did what, newest first, at most ${SHOWN_MAX}; docs/audit-log.md lists the actions`,
    positionals: [],
    options: {
      organization: { value: 'org_…', isRequired: true },
      action: { value: 'api_key.created' },
      resource: { value: 'key_…' },
      after: { value: '2026-01-31' },
      before: { value: '2026-02-28' },
    },
    async run(ctx, input) {
      const organizationId = input.text('organization')
      await getOrganization(ctx, { organizationId })
      const { items } = await listAuditEntries(ctx, {
        organizationId,
        action: toAction(input.optional('action')),
        resourceId: input.optional('resource') ?? undefined,
        after: toTime('after', input.optional('after')),
        before: toTime('before', input.optional('before')),
        limit: SHOWN_MAX,
      })
      return listed(
        items.map((entry) => ({
          occurred_at: new Date(entry.occurred_at),
          action: entry.action,
          mode: entry.mode,
          resource: entry.resource_id,
          actor: entry.actor.id ?? entry.actor.type,
          ip_address: entry.actor.ip_address,
          request_id: entry.request_id,
          details: JSON.stringify(entry.details),
        })),
        'There are no such entries.',
      )
    },
  },
]

function toAction(text: string | null): AuditAction | undefined {
  if (text === null) return undefined
  if (Object.hasOwn(AUDIT_ACTIONS, text)) return text as AuditAction
  throw new UsageError(`There is no action "${text}". There are: ${Object.keys(AUDIT_ACTIONS).join(', ')}.`)
}

function toTime(option: string, text: string | null): Date | undefined {
  if (text === null) return undefined
  const time = new Date(text)
  if (Number.isNaN(time.getTime()))
    throw new UsageError(`--${option} is a date such as 2026-01-31, not "${text}".`)
  return time
}
