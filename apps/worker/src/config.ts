import { booleanSchema, httpOriginSchema, portSchema } from '@phonevoice/base'
import { z } from 'zod'

/** The worker's environment. `.env.example` explains each variable to operators. */
export const workerConfigShape = {
  DATABASE_URL: z.string().min(1),
  REDIS_URL: z.string().optional(),
  API_PUBLIC_ORIGIN: httpOriginSchema,
  STORAGE_DIR: z.string().min(1),
  SECRETS_KEY: z.base64(),
  SECRETS_KEYS_OTHER: z.string().optional(),
  SANDBOX_CARRIER_URL: z.url().optional(),
  SANDBOX_PROVIDERS_URL: z.url().optional(),
  SANDBOX_ACCOUNT_SID: z.string().optional(),
  SANDBOX_AUTH_TOKEN: z.string().optional(),
  CALLS_CONCURRENT_MAX: z.coerce.number().int().min(0).optional(),
  OUTBOUND_ALLOWED_RANGES: z.string().default(''),
  OPENAI_API_KEY: z.string().optional(),
  OPENAI_BASE_URL: z.url().default('https://api.openai.com/v1'),
  /** Answers `/readyz` on this port; without it the worker listens on nothing. */
  HEALTH_PORT: portSchema.optional(),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  LOG_CUSTOMER_CONTENT: booleanSchema.default(false),
}
