import { createApiKey, listApiKeys, revokeApiKey } from '@phonevoice/services/api-keys'
import type { Mode } from '@phonevoice/services/context'
import { getOrganization } from '@phonevoice/services/organizations'
import { type Command, UsageError } from './command.ts'
import { listed, shown } from './table.ts'

const organization = { value: 'org_…', isRequired: true }

export const keyCommands: readonly Command[] = [
  {
    name: 'key create',
    summary: 'makes an API key and shows it, this once',
    positionals: [],
    options: { organization, mode: { value: 'test|live', isRequired: true }, name: { value: '…' } },
    async run(ctx, input) {
      const organizationId = input.text('organization')
      const mode = toMode(input.text('mode'))
      await getOrganization(ctx, { organizationId })
      const name = input.optional('name') ?? 'admin'
      const { id, key } = await createApiKey(ctx, { organizationId, mode, name })
      return shown({ id, mode, name, key }, [
        'Keep the key now: it is stored as a hash and cannot be shown again.',
      ])
    },
  },
  {
    name: 'key list',
    summary: "shows an organization's keys, newest first, without the keys themselves",
    positionals: [],
    options: { organization },
    async run(ctx, input) {
      const organizationId = input.text('organization')
      await getOrganization(ctx, { organizationId })
      const keys = await listApiKeys(ctx, { organizationId })
      return listed(
        keys.map((key) => ({
          id: key.id,
          mode: key.mode,
          name: key.name,
          last4: key.last4,
          created_at: key.createdAt,
          last_used_at: key.lastUsedAt,
          expires_at: key.expiresAt,
          revoked_at: key.revokedAt,
        })),
        `There are no keys yet: key create --organization ${organizationId} --mode test|live`,
      )
    },
  },
  {
    name: 'key revoke',
    summary: 'ends a key for good',
    positionals: ['<key_…>'],
    options: { organization },
    async run(ctx, input) {
      const keyId = input.text('<key_…>')
      await revokeApiKey(ctx, { organizationId: input.text('organization'), keyId })
      return shown({ id: keyId, revoked: true }, ['Running api processes may accept it for 30 seconds more.'])
    },
  },
]

function toMode(text: string): Mode {
  if (text === 'test' || text === 'live') return text
  throw new UsageError(`--mode is test (calls simulated phones) or live (calls real ones), not "${text}".`)
}
