import { schema } from '@phonevoice/db'
import type { ServiceContext } from '../context.ts'

export type TurnMeasurementRow = typeof schema.turnMeasurements.$inferSelect

/** Keeps what one exchange took, milliseconds on the call's clock; repeating a response changes nothing. */
export async function recordTurnMeasurement(
  ctx: ServiceContext,
  input: { callId: string; measurement: Omit<TurnMeasurementRow, 'callId'> },
): Promise<void> {
  const { measurement } = input
  const whole = (ms: number | null) => (ms === null ? null : Math.round(ms))
  await ctx.db.orm
    .insert(schema.turnMeasurements)
    .values({
      callId: input.callId,
      responseId: measurement.responseId,
      speechEndedMs: whole(measurement.speechEndedMs),
      decidedMs: whole(measurement.decidedMs),
      llmFirstTokenMs: whole(measurement.llmFirstTokenMs),
      firstAudioSentMs: whole(measurement.firstAudioSentMs),
      heardUntilMs: whole(measurement.heardUntilMs),
      interrupted: measurement.interrupted,
    })
    .onConflictDoNothing()
}
