import type { TranscriptTurn } from '@phonevoice/contracts'
import type { ServiceContext } from '../context.ts'
import { cleanText } from '../text/clean.ts'
import { callEvent, ENDED_STATUSES, writeCallChange } from './call-writer.ts'

/**
 * Writes down one utterance and its `transcription` event. A turn number exists once per call: repeating it changes nothing. What was said last may
 * be written after the line has gone down, until the call is completed. `isDisclosure`: with it the caller has heard the assistant's disclosure. False:
 * nothing was written.
 */
export async function recordUtterance(
  ctx: ServiceContext,
  input: { callId: string; utterance: TranscriptTurn; isDisclosure?: boolean },
): Promise<boolean> {
  const { utterance } = input
  const turn: TranscriptTurn = {
    turn: utterance.turn,
    role: utterance.role,
    text: cleanText(utterance.text),
    text_planned: utterance.text_planned === null ? null : cleanText(utterance.text_planned),
    interrupted: utterance.interrupted,
    start_ms: Math.round(utterance.start_ms),
    end_ms: Math.round(utterance.end_ms),
    cut_offset_ms: utterance.cut_offset_ms == null ? null : Math.round(utterance.cut_offset_ms),
  }
  try {
    const written = await writeCallChange(ctx, {
      callId: input.callId,
      fromStatuses: ['in_progress', ...ENDED_STATUSES],
      onlyIfNull: ['completed_at'],
      set: input.isDisclosure ? { disclosed_at: new Date(ctx.clock.now()) } : {},
      events: [callEvent('transcription', ctx.clock.now(), turn)],
      turn,
    })
    return written !== null
  } catch (error) {
    if (isRepeatedTurn(error)) return false
    throw error
  }
}

function isRepeatedTurn(error: unknown): boolean {
  return error instanceof Error && 'constraint_name' in error && error.constraint_name === 'turns_turn'
}
