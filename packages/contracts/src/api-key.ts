import { z } from 'zod'
import { momentSchema } from './moment.ts'

/** What a key may be allowed to do, with the sentence that `docs/api-keys.md` explains it by. Each route needs exactly one of them. */
export const SCOPES = {
  'calls:read': 'Read calls, their events and transcripts.',
  'calls:write': 'Make calls, end them, and take a hand in live ones.',
  'calls:delete': 'Delete what was said on a call, for good.',
  'recordings:read': 'Get links to recordings, and the audio.',
  'recordings:write': 'Void the links to a recording.',
  'assistants:read': 'Read assistants.',
  'assistants:write': 'Create, change and delete assistants.',
  'numbers:read': 'Read phone numbers.',
  'numbers:write': 'Say which assistant answers which number.',
  'webhooks:read': 'Read webhook endpoints and deliveries.',
  'webhooks:write':
    'Create, change and test webhook endpoints, rotate their secrets, and send deliveries again.',
  'do_not_call:read': 'Read the do-not-call list.',
  'do_not_call:write': 'Change the do-not-call list.',
  'limits:read': 'Read the limits, and what is used of them.',
  'keys:read': 'Read API keys, never their secrets.',
  'keys:write': 'Create, rotate and revoke API keys.',
  'audit:read': 'Read the audit log.',
} as const satisfies Record<string, string>

export type Scope = keyof typeof SCOPES
const ALL_SCOPES = Object.keys(SCOPES) as [Scope, ...Scope[]]

export const scopeSchema = z.enum(ALL_SCOPES).meta({ id: 'Scope' })

/** Seconds for which a key that is rotated goes on working. */
export const KEY_OVERLAP_SECONDS_DEFAULT = 86_400
export const KEY_OVERLAP_SECONDS_MAX = 30 * 86_400
/** Keys of one organization and mode that work at the same time. */
export const API_KEYS_MAX = 1000

export const apiKeyCreateSchema = z
  .strictObject({
    name: z.string().min(1).max(100).meta({ description: 'For people.', example: 'billing reports' }),
    scopes: z
      .array(scopeSchema)
      .min(1)
      .max(ALL_SCOPES.length)
      .transform((scopes) => [...new Set(scopes)])
      .optional()
      .meta({
        description: 'What it may do. Default: everything that the key you ask with may do.',
        example: ['calls:read', 'recordings:read'],
      }),
    expires_at: momentSchema.optional().meta({
      description:
        'From then on it is refused. Default: when the key you ask with expires; never, if that never does.',
    }),
  })
  .meta({ id: 'ApiKeyCreate' })
export type ApiKeyCreate = z.infer<typeof apiKeyCreateSchema>

export const apiKeyRotateSchema = z
  .strictObject({
    overlap_seconds: z.int().min(0).max(KEY_OVERLAP_SECONDS_MAX).optional().meta({
      description:
        'For how long the old key goes on working: at most 30 days, and never beyond its own end. Default: a day.',
    }),
    expires_at: momentSchema.optional().meta({
      description: 'When the new key expires. Default: when the old one would have.',
    }),
  })
  .meta({ id: 'ApiKeyRotate' })
export type ApiKeyRotate = z.infer<typeof apiKeyRotateSchema>

export const apiKeySchema = z
  .object({
    id: z.string().meta({ example: 'key_01jd3v9x6k8m2n4p6q8r0s2t4v' }),
    object: z.literal('api_key'),
    mode: z.enum(['test', 'live']),
    name: z.string(),
    scopes: z
      .array(scopeSchema)
      .nullable()
      .meta({ description: 'Null: all of them, also those that are added later.' }),
    last4: z.string().meta({ description: 'The last characters of the key, to tell it by.' }),
    status: z.enum(['active', 'expired', 'revoked']),
    replaced_by: z.string().nullable().meta({ description: 'The key that a rotation made in its place.' }),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime().nullable(),
    revoked_at: z.iso.datetime().nullable(),
    last_used_at: z.iso.datetime().nullable().meta({ description: 'To the minute.' }),
  })
  .meta({ id: 'ApiKey' })
export type ApiKeyResource = z.infer<typeof apiKeySchema>

export const apiKeyCreatedSchema = apiKeySchema
  .extend({ key: z.string().meta({ description: 'The key itself. Shown this once.' }) })
  .meta({ id: 'ApiKeyCreated' })
export type ApiKeyCreated = z.infer<typeof apiKeyCreatedSchema>

export const apiKeyRotatedSchema = apiKeyCreatedSchema
  .extend({
    replaces: z.string().meta({ description: 'The old key.' }),
    old_key_expires_at: z.iso.datetime().meta({ description: 'Until then the old key works, too.' }),
  })
  .meta({ id: 'ApiKeyRotated' })
export type ApiKeyRotated = z.infer<typeof apiKeyRotatedSchema>
