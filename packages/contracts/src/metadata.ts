import { z } from 'zod'

const METADATA_BYTES_MAX = 8 * 1024

/** Anything a customer wants back with a call: an object of JSON values, at most 8 KB as JSON. */
export const metadataSchema = z
  .record(z.string().max(100), z.json())
  .refine(
    (value) => Buffer.byteLength(JSON.stringify(value)) <= METADATA_BYTES_MAX,
    'must be at most 8 KB as JSON',
  )
  .meta({
    description: 'Your own data: returned with the call and its webhooks.',
    type: 'object',
    example: { crm_id: 'c_42' },
  })

/** Values for `{{name}}` in messages and instructions. */
export const variablesSchema = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'must be a variable name'),
    z.union([z.string().max(2000), z.number(), z.boolean()]),
  )
  .refine((value) => Object.keys(value).length <= 100, 'at most 100 variables')
  .meta({
    description: 'Values for `{{name}}` in messages and instructions.',
    example: { first_name: 'Ada' },
  })
