import type { schema } from '@phonevoice/db'
import type { ServiceContext } from '../context.ts'
import { type UsageItem, usageLinesWrite } from '../usage/record-usage.ts'

export type TurnMeasurementRow = typeof schema.turnMeasurements.$inferSelect

/**
 * Keeps what one exchange took, milliseconds since the answer, and what the call has used by then, in one statement; repeating a response changes
 * nothing, and usage only grows.
 */
export async function recordTurnMeasurement(
  ctx: ServiceContext,
  input: {
    callId: string
    measurement: Omit<TurnMeasurementRow, 'callId'>
    usage: readonly Omit<UsageItem, 'callId'>[]
  },
): Promise<void> {
  const { callId, measurement, usage } = input
  const whole = (ms: number | null) => (ms === null ? null : Math.round(ms))
  await ctx.db.sql`
    with measured as (
      insert into turn_measurements (call_id, response_id, turn, speech_ended_ms, speech_committed_ms, words_known_ms,
        decided_ms, llm_first_token_ms, first_clause_ms, first_audio_ms, first_audio_sent_ms, heard_until_ms, interrupted)
      values (${callId}, ${measurement.responseId}, ${measurement.turn}, ${whole(measurement.speechEndedMs)},
        ${whole(measurement.speechCommittedMs)}, ${whole(measurement.wordsKnownMs)}, ${whole(measurement.decidedMs)},
        ${whole(measurement.llmFirstTokenMs)}, ${whole(measurement.firstClauseMs)}, ${whole(measurement.firstAudioMs)},
        ${whole(measurement.firstAudioSentMs)}, ${whole(measurement.heardUntilMs)}, ${measurement.interrupted})
      on conflict do nothing
    )
    ${usageLinesWrite(ctx, callId, usage)}`
}
