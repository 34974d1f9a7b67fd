import { z } from 'zod'

/** Everything that is written down, with the sentence that `docs/audit-log.md` explains it by. */
export const AUDIT_ACTIONS = {
  'api_key.created': 'An API key was made.',
  'api_key.rotated': 'An API key was given a successor.',
  'api_key.revoked': 'An API key was ended.',
  'webhook_secret.read': "An organization's webhook secret was shown.",
  'webhook_secret.rotation_started':
    'The next webhook secret of an organization or endpoint was made or shown.',
  'webhook_secret.rotation_completed': 'The next webhook secret became the only one.',
  'webhook_endpoint.created': 'A webhook endpoint was made, and its secret shown.',
  'webhook_endpoint.updated': 'A webhook endpoint was changed, switched on or off.',
  'webhook_endpoint.deleted': 'A webhook endpoint was taken away.',
  'webhook_endpoint.disabled': 'A webhook endpoint was switched off because of its answers.',
  'data_key.rotated': "The key that the organization's secrets are sealed with was changed.",
  'recording.link_issued': 'Somebody was given a link to a recording.',
  'recording.downloaded': 'A recording was read, with a key or by a link.',
  'recording.links_revoked': 'All links to a recording were voided.',
  'carrier_account.created': 'A carrier account was added.',
  'phone_number.added': 'A number of a carrier account was added.',
  'limits.updated': 'The limits of the organization were changed.',
  'dial_policy.updated': 'Whom the organization may call, and when, was changed.',
  'do_not_call.added': 'A number was put on the do-not-call list.',
  'do_not_call.removed': 'A number was taken off the do-not-call list.',
  'call.content_deleted': 'The content of a call was deleted.',
  'retention.updated': 'How long content is kept was changed.',
} as const satisfies Record<string, string>

export type AuditAction = keyof typeof AUDIT_ACTIONS
const ACTIONS = Object.keys(AUDIT_ACTIONS) as [AuditAction, ...AuditAction[]]

export const auditActionSchema = z.enum(ACTIONS).meta({ id: 'AuditAction' })

export const AUDIT_ACTORS = ['api_key', 'admin', 'link', 'system'] as const
export type AuditActor = (typeof AUDIT_ACTORS)[number]

export const auditEntrySchema = z
  .object({
    id: z.string().meta({ example: 'aud_01jd3v9x6k8m2n4p6q8r0s2t4v' }),
    object: z.literal('audit_entry'),
    occurred_at: z.iso.datetime(),
    action: auditActionSchema,
    mode: z.enum(['test', 'live']).nullable().meta({ description: 'Null: it concerns both modes.' }),
    resource_id: z.string().nullable().meta({ description: 'What it was done to.' }),
    actor: z.object({
      type: z.enum(AUDIT_ACTORS).meta({
        description:
          '`admin`: the person who runs the service. `link`: whoever opened a recording link. `system`: nobody asked.',
      }),
      id: z.string().nullable().meta({ description: 'The API key.' }),
      ip_address: z.string().nullable(),
    }),
    request_id: z.string().nullable(),
    details: z.record(z.string(), z.unknown()).meta({ description: 'Never a secret.' }),
  })
  .meta({ id: 'AuditEntry' })
export type AuditEntry = z.infer<typeof auditEntrySchema>
