import type { ServiceContext } from '@phonevoice/services/context'
import { getOrganization } from '@phonevoice/services/organizations'
import { getPrivacyPolicy, type PrivacyPolicy, setPrivacyPolicy } from '@phonevoice/services/privacy'
import { type Command, type CommandInput, type CommandResult, UsageError } from './command.ts'
import { shown } from './table.ts'

const organization = { value: 'org_…', isRequired: true }

export const retentionCommands: readonly Command[] = [
  {
    name: 'retention show',
    summary: 'shows how long an organization keeps what was said, and whether it may record; docs/privacy.md',
    positionals: [],
    options: { organization },
    run: (ctx, input) => show(ctx, input.text('organization')),
  },
  {
    name: 'retention set',
    summary:
      'changes for how many days after completion; "forever" deletes nothing unasked, what is left out stays',
    positionals: [],
    options: {
      organization,
      'content-days': { value: '<days>|forever' },
      'recording-days': { value: '<days>|forever' },
    },
    run(ctx, input) {
      const change = {
        ...days(input, 'content-days', 'contentDays'),
        ...days(input, 'recording-days', 'recordingDays'),
      }
      if (Object.keys(change).length === 0)
        throw new UsageError('Say what to change: --content-days, --recording-days.')
      return applied(ctx, input, change)
    },
  },
  {
    name: 'recording forbid',
    summary: 'records no call of an organization, whatever its assistants and requests say',
    positionals: [],
    options: { organization },
    run: (ctx, input) => applied(ctx, input, { isRecordingForbidden: true }),
  },
  {
    name: 'recording allow',
    summary: 'lets assistants and requests of an organization decide about recording',
    positionals: [],
    options: { organization },
    run: (ctx, input) => applied(ctx, input, { isRecordingForbidden: false }),
  },
]

async function applied(
  ctx: ServiceContext,
  input: CommandInput,
  change: Partial<PrivacyPolicy>,
): Promise<CommandResult> {
  const organizationId = input.text('organization')
  await getOrganization(ctx, { organizationId })
  await setPrivacyPolicy(ctx, { organizationId, change })
  return await show(ctx, organizationId)
}

async function show(ctx: ServiceContext, organizationId: string): Promise<CommandResult> {
  await getOrganization(ctx, { organizationId })
  const policy = await getPrivacyPolicy(ctx, { organizationId })
  return shown({
    organization: organizationId,
    content_days: policy.contentDays ?? 'forever',
    recording_days: policy.recordingDays ?? 'forever',
    recording: policy.isRecordingForbidden ? 'forbidden' : 'allowed',
  })
}

function days(
  input: CommandInput,
  option: string,
  name: 'contentDays' | 'recordingDays',
): Partial<PrivacyPolicy> {
  const text = input.optional(option)
  if (text === null) return {}
  if (text === 'forever') return { [name]: null }
  if (/^\d{1,5}$/.test(text)) return { [name]: Number(text) }
  throw new UsageError(`--${option} must be a whole number of days, or "forever".`)
}
