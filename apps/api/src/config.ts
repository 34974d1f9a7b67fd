import { booleanSchema, type ConfigShape, httpOriginSchema, portSchema } from '@phonevoice/base'
import { z } from 'zod'

/** Every environment variable the api reads, each with its sentence. */
export const apiConfigShape = {
  DATABASE_URL: z
    .string()
    .min(1)
    .meta({ description: 'Postgres, as postgres://user:password@host:port/database.' }),
  REDIS_URL: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Redis for wake-ups between processes. Unset: Postgres does that too.' }),
  API_PORT: portSchema
    .default(3000)
    .meta({ description: 'Where the api listens; 0 lets the system choose.' }),
  API_HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .meta({ description: 'The address the api listens on; 0.0.0.0 in a container.' }),
  API_PUBLIC_ORIGIN: httpOriginSchema.optional().meta({
    description:
      'The origin under which carriers and users reach the api, e.g. https://api.example.com. Default: http://127.0.0.1:<port>.',
  }),
  API_TRUSTED_PROXIES: z.coerce.number().int().min(0).max(10).default(0).meta({
    description:
      'Proxies of your own between clients and the api, each of which adds the address it sees to X-Forwarded-For.',
  }),
  STORAGE_DIR: z
    .string()
    .min(1)
    .meta({ description: 'The folder that holds recordings, shared by api, media and worker.' }),
  SECRETS_KEY: z
    .base64()
    .refine(
      (text) => Buffer.from(text, 'base64').length === 32,
      'must be 32 bytes in base64 (openssl rand -base64 32)',
    )
    .meta({
      description:
        'The master key for secrets at rest: 32 bytes in base64. Keep a copy: without it they are lost.',
    }),
  SECRETS_KEYS_OTHER: z.string().optional().meta({
    description:
      'Further master keys that open what they have sealed, separated by commas: for changing SECRETS_KEY.',
  }),
  SANDBOX_CARRIER_URL: httpOriginSchema.optional().meta({
    description: 'REST origin of the sandbox carrier for test keys. Unset: test calls are refused.',
  }),
  SANDBOX_ACCOUNT_SID: z.string().min(1).optional().meta({ description: "The sandbox carrier's account." }),
  SANDBOX_AUTH_TOKEN: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Authenticates with the sandbox carrier and verifies its callbacks.' }),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .meta({ description: 'How much is logged.' }),
  LOG_CUSTOMER_CONTENT: booleanSchema
    .default(false)
    .meta({ description: 'Keep phone numbers, transcripts and prompts in the log.' }),
} satisfies ConfigShape
