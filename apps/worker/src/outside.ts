/** The outside world as the jobs need it, per call: its carrier and the model that analyses it. */
import { createTwilioClient, isOutcomeUnknown, refusalOf } from '@phonevoice/carriers'
import { createOpenAiLlm } from '@phonevoice/providers'
import type { CallRow } from '@phonevoice/services/calls'
import { resolveCarrierAccount } from '@phonevoice/services/carrier-accounts'
import type { ServiceContext } from '@phonevoice/services/context'
import type { DialCarrier } from '@phonevoice/services/dials'
import type { AnalysisSubject, Analyst } from '@phonevoice/services/finish'
import { SIGNATURE_HEADER, signWebhook } from '@phonevoice/signing'

/** Where OpenAI's API is. */
export interface OpenAiAccess {
  baseUrl: string
  apiKey: string | null
}

export function createCarrierOf(ctx: ServiceContext): (call: CallRow) => Promise<DialCarrier> {
  return async (call) => {
    const account = await resolveCarrierAccount(ctx, {
      mode: call.mode,
      organizationId: call.organizationId,
      carrierAccountId: call.carrierAccountId,
    })
    return { client: createTwilioClient(account), refusalOf, isOutcomeUnknown }
  }
}

export function createAnalystFor(options: {
  /** By the mode of the call; null: not set up. */
  openai: { test: OpenAiAccess | null; live: OpenAiAccess | null }
  /** For users' own endpoints. */
  guardedFetch: typeof fetch
  now(): number
}): (subject: AnalysisSubject) => Analyst | null {
  return (subject) => {
    const { llm } = subject.assistant
    if (llm.provider === 'openai') {
      const access = options.openai[subject.mode]
      return access && createOpenAiLlm({ ...access, model: llm.model, isCustom: false })
    }
    return createOpenAiLlm({
      apiKey: null,
      baseUrl: llm.url ?? '',
      model: llm.model,
      headers: llm.headers,
      isCustom: true,
      fetch: options.guardedFetch,
      signRequest: (body) => ({
        [SIGNATURE_HEADER]: signWebhook({
          secret: subject.webhookSecret,
          body,
          timestampSeconds: Math.floor(options.now() / 1000),
        }),
      }),
    })
  }
}
