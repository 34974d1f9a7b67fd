import { booleanSchema, httpOriginSchema, portSchema } from '@phonevoice/base'
import { z } from 'zod'

/** The media process's environment. `.env.example` explains each variable to operators. */
export const mediaConfigShape = {
  DATABASE_URL: z.string().min(1),
  REDIS_URL: z.string().optional(),
  MEDIA_PORT: portSchema.default(8081),
  MEDIA_HOST: z.string().min(1).default('127.0.0.1'),
  MEDIA_PUBLIC_ORIGIN: z
    .string()
    .regex(/^wss?:\/\/[^/]+$/, 'must be ws:// or wss:// and a host, without a path')
    .optional(),
  API_PUBLIC_ORIGIN: httpOriginSchema,
  STORAGE_DIR: z.string().min(1),
  SECRETS_KEY: z.base64(),
  SECRETS_KEYS_OTHER: z.string().optional(),
  RECORDING_FORBIDDEN: booleanSchema.default(false),
  SANDBOX_CARRIER_URL: z.url().optional(),
  SANDBOX_PROVIDERS_URL: z.url().optional(),
  SANDBOX_ACCOUNT_SID: z.string().optional(),
  SANDBOX_AUTH_TOKEN: z.string().optional(),
  OPENAI_API_KEY: z.string().optional(),
  OPENAI_BASE_URL: z.url().default('https://api.openai.com/v1'),
  TTS_BASE_URL: z.url().optional(),
  TTS_API_KEY: z.string().optional(),
  DEEPGRAM_API_KEY: z.string().optional(),
  DEEPGRAM_BASE_URL: z.url().default('https://api.deepgram.com'),
  ELEVENLABS_API_KEY: z.string().optional(),
  ELEVENLABS_BASE_URL: z.url().default('https://api.elevenlabs.io'),
  OUTBOUND_ALLOWED_RANGES: z.string().default(''),
  MEDIA_DRAIN_SECONDS: z.coerce.number().int().min(0).max(86_400).default(3600),
  MEDIA_CALLS_MAX: z.coerce.number().int().min(1).default(500),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  LOG_CUSTOMER_CONTENT: booleanSchema.default(false),
}
