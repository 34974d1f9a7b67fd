import type { Ports } from './ports.ts'
import type { Secrets, StateFolder } from './state-folder.ts'

export const APP_NAMES = ['sandbox', 'api', 'media', 'worker'] as const
export type AppName = (typeof APP_NAMES)[number]

/** Where everything listens, all on 127.0.0.1. */
export interface Urls {
  api: string
  /** `ws://…`: where the carrier sends a call's audio. */
  media: string
  /** The simulated carrier. */
  sandbox: string
  providers: string
  inbox: string
}

export function urlsOf(ports: Ports): Urls {
  const at = (port: number) => `http://127.0.0.1:${port}`
  return {
    api: at(ports.api),
    media: `ws://127.0.0.1:${ports.media}`,
    sandbox: at(ports.sandbox),
    providers: at(ports.providers),
    inbox: at(ports.inbox),
  }
}

export interface EnvironmentInput {
  /** The launcher's own: what it does not set itself is passed on, such as OPENAI_API_KEY, REDIS_URL, LOG_LEVEL. */
  env: Readonly<Record<string, string | undefined>>
  state: StateFolder
  secrets: Secrets
  ports: Ports
  databaseUrl: string
  webhookSecret: string
}

/** The environment of every app. All get the same variables and read those they know; `.env.example` explains each. */
export function appEnvironment(input: EnvironmentInput): Record<string, string | undefined> {
  const { secrets, ports } = input
  const urls = urlsOf(ports)
  return {
    ...input.env,
    NODE_ENV: input.env.NODE_ENV ?? 'production',
    DATABASE_URL: input.databaseUrl,
    API_PORT: String(ports.api),
    API_PUBLIC_ORIGIN: urls.api,
    MEDIA_PORT: String(ports.media),
    MEDIA_PUBLIC_ORIGIN: urls.media,
    // Whoever presses Ctrl-C does not want to wait until a call is over.
    MEDIA_DRAIN_SECONDS: input.env.MEDIA_DRAIN_SECONDS || '0',
    STORAGE_DIR: input.env.STORAGE_DIR || input.state.path('storage'),
    SECRETS_KEY: secrets.secretsKey,
    SANDBOX_PORT: String(ports.sandbox),
    SANDBOX_PROVIDERS_PORT: String(ports.providers),
    SANDBOX_INBOX_PORT: String(ports.inbox),
    SANDBOX_CARRIER_URL: urls.sandbox,
    SANDBOX_PROVIDERS_URL: `${urls.providers}/v1`,
    SANDBOX_ACCOUNT_SID: secrets.sandboxAccountSid,
    SANDBOX_AUTH_TOKEN: secrets.sandboxAuthToken,
    SANDBOX_WEBHOOK_SECRET: input.webhookSecret,
    // Whoever runs this on their own machine may call their own machine; a public deployment may not.
    OUTBOUND_ALLOWED_RANGES: input.env.OUTBOUND_ALLOWED_RANGES || '127.0.0.0/8,::1/128',
  }
}

/** What tells that an app is well, beside its saying that it listens. */
export function healthUrlOf(name: AppName, ports: Ports): string | null {
  if (name === 'worker') return null
  return `http://127.0.0.1:${ports[name]}/healthz`
}
