import type { Timers } from '@phonevoice/base'
import { type GuardedClient, OutboundError } from '@phonevoice/outbound-http'
import type { ServiceContext } from '@phonevoice/services/context'
import {
  abandonDelivery,
  type ClaimedDelivery,
  type DeliveryStep,
  parseRetryAfter,
  type RecordAttemptInput,
} from '@phonevoice/services/deliveries'
import type { WebhookSecrets } from '@phonevoice/services/organizations'
import {
  NEXT_SIGNATURE_HEADER,
  SIGNATURE_HEADER,
  signWebhook,
  standardWebhookHeaders,
} from '@phonevoice/signing'
import { writeUntilHeard } from '../write-until-heard.ts'

export interface DeliverDependencies {
  ctx: ServiceContext
  timers: Timers
  client: GuardedClient
  secretsOf(delivery: ClaimedDelivery): Promise<WebhookSecrets>
  /** Null: the lease had passed to somebody else. */
  record(attempt: RecordAttemptInput): Promise<DeliveryStep | null>
}

/** Sends one event to its receiver and records what came of it. Returns when it is due again, null when it is settled. */
export async function deliver(
  { ctx, timers, client, secretsOf, record }: DeliverDependencies,
  delivery: ClaimedDelivery,
  signal: AbortSignal,
): Promise<number | null> {
  if (delivery.obstacle !== null) {
    await abandonDelivery(ctx, delivery)
    return null
  }
  const secrets = await secretsOf(delivery)
  const startedAtMs = ctx.clock.now()
  // Both ends are read from the same clock: where they are compared with what a receiver saw, a measured length would not fit.
  const attempt = () => ({ delivery, startedAtMs, durationMs: Math.max(0, ctx.clock.now() - startedAtMs) })
  const step = await client
    .request({
      url: delivery.url,
      method: 'POST',
      headers: signedHeaders(delivery, secrets, startedAtMs),
      body: delivery.body,
      signal,
    })
    .then(
      (answer) => ({
        ...attempt(),
        responseStatus: answer.status,
        responseExcerpt: answer.bodyExcerpt,
        error: null,
        retryAfterMs: parseRetryAfter(answer.headers['retry-after'], ctx.clock.now()),
      }),
      (error: unknown) => {
        // Given up by us, not failed by the receiver: whoever holds the lease next tries again.
        if (signal.aborted || !(error instanceof OutboundError)) throw error
        return {
          ...attempt(),
          responseStatus: null,
          responseExcerpt: null,
          error: `${error.code}: ${error.message}`,
          retryAfterMs: null,
        }
      },
    )
    // The receiver has it: forgetting the answer would send it twice.
    .then((result) => writeUntilHeard(() => record(result), { timers, log: ctx.log, signal }))
  if (step?.status === 'failed')
    ctx.log.warn('A delivery was given up', {
      deliveryId: delivery.id,
      callId: delivery.callId,
      endpointId: delivery.endpointId,
      attempt: delivery.attempt,
      reason: step.reason,
    })
  return step?.status === 'pending' ? step.nextAtMs : null
}

/** The time in the signature is that of the attempt: receivers refuse old ones. */
function signedHeaders(
  delivery: ClaimedDelivery,
  secrets: WebhookSecrets,
  nowMs: number,
): Record<string, string> {
  const signed = { body: delivery.body, timestampSeconds: Math.floor(nowMs / 1000) }
  const standard = standardWebhookHeaders({ ...signed, secret: secrets.current, id: delivery.event.id })
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'user-agent': 'PhoneVoice-Webhooks/1.0',
    [SIGNATURE_HEADER]: signWebhook({ ...signed, secret: secrets.current }),
    ...standard,
  }
  if (secrets.next !== null) {
    headers[NEXT_SIGNATURE_HEADER] = signWebhook({ ...signed, secret: secrets.next })
    const next = standardWebhookHeaders({ ...signed, secret: secrets.next, id: delivery.event.id })
    // That specification allows several signatures in one header.
    headers['webhook-signature'] = `${standard['webhook-signature']} ${next['webhook-signature']}`
  }
  return headers
}
