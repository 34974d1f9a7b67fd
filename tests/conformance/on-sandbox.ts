/** Every adapter against the sandbox, which was written from the vendors' documents and shares no code with them. */
import { bytesToPcm, createResampler, decodeMulaw, encodeMulaw } from '@phonevoice/audio'
import { silentLog } from '@phonevoice/base'
import type { SttProvider, TtsProvider } from '@phonevoice/providers/contract'
import { createProviderServer, decodeSpeech, encodeSpeech, type ProviderServer } from '@phonevoice/sandbox'

export interface SandboxVendors {
  server: ProviderServer
  /** As in the configuration of OpenAI: with the version. */
  openAi: { apiKey: string; baseUrl: string }
  /** As in the configuration of the others. */
  origin: { apiKey: string; baseUrl: string }
}

export async function startVendors(): Promise<SandboxVendors> {
  const server = await createProviderServer({ log: silentLog })
  const apiKey = 'a-key'
  return {
    server,
    openAi: { apiKey, baseUrl: server.url },
    origin: { apiKey, baseUrl: new URL(server.url).origin },
  }
}

/** What `describeStt` needs to know of an adapter on the sandbox. */
export async function onSandboxAsStt(create: (vendors: SandboxVendors) => SttProvider) {
  const vendors = await startVendors()
  const { faults, close } = vendors.server
  return {
    provider: create(vendors),
    soundOf: (words: string) => encodeMulaw(encodeSpeech(words, { sampleRateHz: 8000 })),
    refuse: () => faults.add({ target: 'transcription', kind: 'status', status: 401, times: null }),
    fallSilent: () => faults.add({ target: 'transcription', kind: 'stall', times: null }),
    close,
  }
}

/** What `describeTts` needs to know of an adapter on the sandbox. */
export async function onSandboxAsTts(create: (vendors: SandboxVendors) => TtsProvider) {
  const vendors = await startVendors()
  const { faults, close } = vendors.server
  const provider = create(vendors)
  return {
    provider,
    wordsIn: (audio: Uint8Array) => wordsIn(provider, audio),
    refuse: () => faults.add({ target: 'speech', kind: 'status', status: 403, times: null }),
    fallSilent: () => faults.add({ target: 'speech', kind: 'slow', times: null }),
    async close() {
      provider.close?.()
      await close()
    },
  }
}

/** The words a phone would hear. */
export function wordsIn({ format }: TtsProvider, audio: Uint8Array): string {
  if (format.encoding === 'mulaw') return decodeSpeech(decodeMulaw(audio))
  const resampler = createResampler({ fromHz: format.sampleRateHz, toHz: 8000 })
  const pcm = Int16Array.from([...resampler.process(bytesToPcm(audio)), ...resampler.flush()])
  return decodeSpeech(decodeMulaw(encodeMulaw(pcm)))
}
