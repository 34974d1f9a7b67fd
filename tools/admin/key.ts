import { type ApiKeyResource, SCOPES, type Scope } from '@phonevoice/contracts'
import { createApiKey, listApiKeys, revokeApiKey, rotateApiKey } from '@phonevoice/services/api-keys'
import type { Mode, ServiceContext } from '@phonevoice/services/context'
import { getOrganization } from '@phonevoice/services/organizations'
import { type Command, UsageError } from './command.ts'
import { listed, shown } from './table.ts'

const organization = { value: 'org_…', isRequired: true }
const DAY_MS = 86_400_000
/** What `key list` reads at most. */
const LISTED_MAX = 1000

export const keyCommands: readonly Command[] = [
  {
    name: 'key create',
    summary:
      'makes an API key and shows it, this once; docs/api-keys.md lists the scopes, all is the default',
    positionals: [],
    options: {
      organization,
      mode: { value: 'test|live', isRequired: true },
      name: { value: '…' },
      scopes: { value: 'calls:read,…' },
      'expires-in-days': { value: '<number>' },
    },
    async run(ctx, input) {
      const organizationId = input.text('organization')
      const mode = toMode(input.text('mode'))
      const scopes = toScopes(input.optional('scopes'))
      const days = toNumber('expires-in-days', input.optional('expires-in-days'))
      const expiresAt = days === null ? undefined : new Date(ctx.clock.now() + days * DAY_MS)
      await getOrganization(ctx, { organizationId })
      const name = input.optional('name') ?? 'admin'
      const { id, key } = await createApiKey(ctx, { organizationId, mode, name, scopes, expiresAt })
      const facts = { id, mode, name, scopes: toText(scopes), expires_at: expiresAt ?? null, key }
      return shown(facts, ['Keep the key now: it is stored as a hash and cannot be shown again.'])
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
      return listed(
        (await allKeys(ctx, organizationId)).map((key) => ({
          id: key.id,
          mode: key.mode,
          name: key.name,
          scopes: toText(key.scopes),
          last4: key.last4,
          status: key.status,
          created_at: toDate(key.created_at),
          last_used_at: toDate(key.last_used_at),
          expires_at: toDate(key.expires_at),
          revoked_at: toDate(key.revoked_at),
        })),
        `There are no keys yet: key create --organization ${organizationId} --mode test|live`,
      )
    },
  },
  {
    name: 'key rotate',
    summary:
      'makes a successor and shows it, this once; the old key works for a day more, or as long as you say',
    positionals: ['<key_…>'],
    options: { organization, 'overlap-seconds': { value: '<number>' } },
    async run(ctx, input) {
      const ref = { organizationId: input.text('organization'), keyId: input.text('<key_…>') }
      const seconds = toNumber('overlap-seconds', input.optional('overlap-seconds'))
      const request = seconds === null ? {} : { overlap_seconds: seconds }
      const { resource } = await rotateApiKey(ctx, { ...ref, granter: null, request })
      const { id, mode, name, key } = resource
      return shown(
        { id, mode, name, key, replaces: ref.keyId, old_key_expires_at: resource.old_key_expires_at },
        ['Keep the key now: it is stored as a hash and cannot be shown again.'],
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
      return shown({ id: keyId, revoked: true }, ['Running api processes refuse it within a second.'])
    },
  },
]

async function allKeys(ctx: ServiceContext, organizationId: string): Promise<ApiKeyResource[]> {
  const keys: ApiKeyResource[] = []
  let cursor: string | undefined
  do {
    const page = await listApiKeys(ctx, { organizationId, limit: 100, cursor })
    keys.push(...page.items)
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined && keys.length < LISTED_MAX)
  return keys
}

function toScopes(text: string | null): Scope[] | null {
  if (text === null || text === 'all') return null
  return text.split(',').map((name) => {
    if (Object.hasOwn(SCOPES, name)) return name as Scope
    throw new UsageError(`There is no scope "${name}". There are: ${Object.keys(SCOPES).join(', ')}; or all.`)
  })
}

function toText(scopes: readonly Scope[] | null): string {
  return scopes === null ? 'all' : scopes.join(',')
}

function toDate(text: string | null): Date | null {
  return text === null ? null : new Date(text)
}

function toNumber(option: string, text: string | null): number | null {
  if (text === null) return null
  if (!/^\d{1,8}$/.test(text)) throw new UsageError(`--${option} is a whole number, not "${text}".`)
  return Number(text)
}

function toMode(text: string): Mode {
  if (text === 'test' || text === 'live') return text
  throw new UsageError(`--mode is test (calls simulated phones) or live (calls real ones), not "${text}".`)
}
