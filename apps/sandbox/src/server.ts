import type { Log } from '@phonevoice/base'
import { type Carrier, type CarrierOptions, createCarrier } from './carrier/create-carrier.ts'
import { createInbox } from './inbox/index.ts'
import { createProviderServer, type ProviderServerOptions } from './providers/index.ts'

export interface SandboxOptions
  extends Pick<CarrierOptions, 'ringTimeScale' | 'streamTimestamps' | 'endedCallAnswer'> {
  /** Ports default to 0: chosen by the operating system. */
  carrierPort?: number
  providersPort?: number
  inboxPort?: number
  /** The one carrier account; it owns +12025550190 to +12025550199. */
  accountSid: string
  authToken: string
  /** Secret with which the inbox verifies what it receives; it may be set later over the inbox's HTTP. */
  webhookSecret?: string
  /** How slow the simulated providers are, where it differs from their defaults. */
  latencies?: NonNullable<ProviderServerOptions['latencies']>
  log: Log
}

export interface SandboxUrls {
  /** Twilio REST under `/2010-04-01`, controls under `/sandbox`. */
  carrier_url: string
  /** OpenAI-compatible: chat completions, speech, realtime transcription. */
  providers_url: string
  /** Takes webhooks and shows whether their signatures hold. */
  inbox_url: string
}

export interface Sandbox {
  readonly urls: SandboxUrls
  readonly carrier: Carrier
  readonly providers: Awaited<ReturnType<typeof createProviderServer>>
  readonly inbox: Awaited<ReturnType<typeof createInbox>>
  close(): Promise<void>
}

/** Everything a voice service talks to, on loopback: a carrier with simulated phones, speech and language providers, a webhook inbox. */
export async function createSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { log } = options
  const opened: { close(): Promise<void> }[] = []
  const closeAll = async () => {
    await Promise.allSettled(opened.map((part) => part.close()))
  }
  try {
    const carrier = await createCarrier({
      log: log.child({ part: 'carrier' }),
      accounts: [{ accountSid: options.accountSid, authToken: options.authToken }],
      port: options.carrierPort ?? 0,
      ...(options.ringTimeScale === undefined ? {} : { ringTimeScale: options.ringTimeScale }),
      ...(options.streamTimestamps === undefined ? {} : { streamTimestamps: options.streamTimestamps }),
      ...(options.endedCallAnswer === undefined ? {} : { endedCallAnswer: options.endedCallAnswer }),
    })
    opened.push(carrier)
    const providers = await createProviderServer({
      log: log.child({ part: 'providers' }),
      port: options.providersPort ?? 0,
      ...(options.latencies === undefined ? {} : { latencies: options.latencies }),
    })
    opened.push(providers)
    const inbox = await createInbox({
      log: log.child({ part: 'inbox' }),
      port: options.inboxPort ?? 0,
      ...(options.webhookSecret === undefined ? {} : { secret: options.webhookSecret }),
    })
    opened.push(inbox)
    let closing: Promise<void> | null = null
    return {
      urls: { carrier_url: carrier.url, providers_url: providers.url, inbox_url: inbox.url },
      carrier,
      providers,
      inbox,
      close() {
        closing ??= closeAll()
        return closing
      },
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}
