import { parseConfig, portSchema } from '@phonevoice/base'
import { z } from 'zod'

/** Every variable the sandbox reads, with the sentence that documents it. */
export const sandboxConfigShape = {
  SANDBOX_PORT: portSchema
    .default(4010)
    .meta({ description: 'Port of the simulated carrier; 0 lets the system choose.' }),
  SANDBOX_PROVIDERS_PORT: portSchema
    .default(4011)
    .meta({ description: 'Port of the simulated speech and language providers; 0 lets the system choose.' }),
  SANDBOX_INBOX_PORT: portSchema
    .default(4012)
    .meta({ description: 'Port of the webhook inbox; 0 lets the system choose.' }),
  SANDBOX_ACCOUNT_SID: z
    .string()
    .regex(/^AC[0-9a-f]{32}$/, 'AC and 32 hex digits')
    .default('AC5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a')
    .meta({ description: 'Account of the simulated carrier: AC and 32 hex digits.' }),
  SANDBOX_AUTH_TOKEN: z
    .string()
    .min(16)
    .default('5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a')
    .meta({ description: 'Auth token of that account: authenticates REST requests and signs webhooks.' }),
  SANDBOX_WEBHOOK_SECRET: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Secret with which the inbox verifies the webhooks it receives.' }),
  SANDBOX_RING_TIME_SCALE: z.coerce.number().min(0).max(10).default(1).meta({
    description: 'Multiplies dialling and ringing times of simulated phones; tests use a small one.',
  }),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .meta({ description: 'Least severe log lines to write.' }),
}

export function readSandboxConfig(env: Readonly<Record<string, string | undefined>>) {
  return parseConfig(sandboxConfigShape, env)
}
