import { z } from 'zod'

/** Who or what an end is put down to, whether calling again could help, and whether the time is charged. */
export interface Outcome {
  category:
    | 'completed'
    | 'no_connect'
    | 'caller'
    | 'assistant'
    | 'policy'
    | 'carrier'
    | 'provider'
    | 'platform'
  fault: 'none' | 'caller' | 'carrier' | 'provider' | 'platform' | 'config'
  retryable: boolean
  billable: boolean
}

const outcome = (
  category: Outcome['category'],
  fault: Outcome['fault'],
  retryable: boolean,
  billable: boolean,
): Outcome => ({
  category,
  fault,
  retryable,
  billable,
})

/** Every way a call can end, with what it means. The list is closed; `docs/events.md` shows it to users. */
export const ENDED_REASONS = {
  caller_hung_up: outcome('completed', 'none', false, true),
  assistant_ended: outcome('completed', 'none', false, true),
  end_phrase: outcome('completed', 'none', false, true),
  api_ended: outcome('completed', 'none', false, true),
  transferred: outcome('completed', 'none', false, true),
  silence_timeout: outcome('caller', 'none', true, true),
  max_duration: outcome('policy', 'none', false, true),
  max_cost: outcome('policy', 'none', false, true),
  voicemail: outcome('caller', 'none', true, true),
  busy: outcome('no_connect', 'none', true, false),
  no_answer: outcome('no_connect', 'none', true, false),
  rejected: outcome('no_connect', 'none', true, false),
  unreachable: outcome('no_connect', 'none', false, false),
  invalid_number: outcome('no_connect', 'config', false, false),
  canceled: outcome('no_connect', 'none', false, false),
  destination_blocked: outcome('policy', 'config', false, false),
  do_not_call: outcome('policy', 'config', false, false),
  outside_hours: outcome('policy', 'config', true, false),
  queue_expired: outcome('policy', 'none', true, false),
  budget_exhausted: outcome('policy', 'config', true, false),
  carrier_error: outcome('carrier', 'carrier', true, false),
  carrier_not_configured: outcome('carrier', 'config', false, false),
  llm_failed: outcome('provider', 'provider', true, true),
  stt_failed: outcome('provider', 'provider', true, true),
  tts_failed: outcome('provider', 'provider', true, true),
  media_lost: outcome('platform', 'platform', true, true),
  internal_error: outcome('platform', 'platform', true, false),
} as const satisfies Record<string, Outcome>

export type EndedReason = keyof typeof ENDED_REASONS
const reasons = Object.keys(ENDED_REASONS) as [EndedReason, ...EndedReason[]]
export const endedReasonSchema = z
  .enum(reasons)
  .meta({ id: 'EndedReason', description: 'Why the call ended.' })

export const outcomeSchema = z
  .object({
    category: z.enum([
      'completed',
      'no_connect',
      'caller',
      'assistant',
      'policy',
      'carrier',
      'provider',
      'platform',
    ]),
    fault: z.enum(['none', 'caller', 'carrier', 'provider', 'platform', 'config']),
    retryable: z.boolean().meta({ description: 'Calling again could succeed.' }),
    billable: z.boolean(),
    carrier: z
      .object({ name: z.string(), call_id: z.string().nullable(), code: z.string().nullable() })
      .nullable()
      .meta({ description: "The carrier's own id and code for the call; null when it was never asked." }),
  })
  .meta({ id: 'Outcome' })
