import { addCarrierAccount, listCarrierAccounts } from '@phonevoice/services/carrier-accounts'
import { getOrganization } from '@phonevoice/services/organizations'
import { type Command, type CommandInput, type Surroundings, UsageError } from './command.ts'
import { listed, shown } from './table.ts'

const TWILIO_URL = 'https://api.twilio.com'
const organization = { value: 'org_…', isRequired: true }

export const carrierCommands: readonly Command[] = [
  {
    name: 'carrier add',
    summary: 'adds a Twilio account; the token comes from standard input or TWILIO_AUTH_TOKEN',
    positionals: [],
    options: {
      organization,
      'account-sid': { value: 'AC…', isRequired: true },
      'auth-token': { value: '-' },
      'base-url': { value: TWILIO_URL },
    },
    async run(ctx, input, surroundings) {
      const organizationId = input.text('organization')
      const accountSid = input.text('account-sid')
      if (!/^AC[0-9a-f]{32}$/.test(accountSid))
        throw new UsageError('--account-sid is AC and 32 hex digits, as the Twilio console shows it.')
      const baseUrl = toOrigin(input.optional('base-url') ?? TWILIO_URL)
      await getOrganization(ctx, { organizationId })
      const authToken = await readToken(input, surroundings)
      const account = { organizationId, carrier: 'twilio', accountSid, authToken, baseUrl } as const
      const { id } = await addCarrierAccount(ctx, account)
      return shown({ id, carrier: 'twilio', account_sid: accountSid, base_url: baseUrl }, [
        `Next: number add --organization ${organizationId} --carrier ${id} --phone-number +1…`,
      ])
    },
  },
  {
    name: 'carrier list',
    summary: "shows an organization's carrier accounts, without their tokens",
    positionals: [],
    options: { organization },
    async run(ctx, input) {
      const organizationId = input.text('organization')
      await getOrganization(ctx, { organizationId })
      const accounts = await listCarrierAccounts(ctx, { organizationId })
      return listed(
        accounts.map((account) => ({
          id: account.id,
          carrier: account.carrier,
          account_sid: account.accountSid,
          base_url: account.baseUrl,
          is_active: account.isActive,
          created_at: account.createdAt,
        })),
        `There are no carrier accounts yet: carrier add --organization ${organizationId} --account-sid AC…`,
      )
    },
  },
]

/** Never from the command line itself, which other users of the machine and the shell's history can read. */
async function readToken(input: CommandInput, { env, readInput }: Surroundings): Promise<string> {
  const option = input.optional('auth-token')
  if (option !== null && option !== '-')
    throw new UsageError(
      'The auth token does not belong on the command line, where others can read it: pipe it in with "--auth-token -", or set TWILIO_AUTH_TOKEN. Consider this one known, and replace it.',
    )
  const token = option === '-' ? (await readInput()).trim() : env.TWILIO_AUTH_TOKEN?.trim()
  if (!token)
    throw new UsageError(
      option === '-'
        ? 'Standard input holds no auth token.'
        : 'The auth token is missing: pipe it in with "--auth-token -", or set TWILIO_AUTH_TOKEN.',
    )
  if (/\s/.test(token) || token.length > 200)
    throw new UsageError('That is not an auth token: it is one short word.')
  return token
}

function toOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search || url.username)
    throw new UsageError(`--base-url is an origin such as ${TWILIO_URL}, not "${text}".`)
  return url.origin
}
