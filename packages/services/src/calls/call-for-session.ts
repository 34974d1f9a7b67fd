import type { AssistantSettings, Call, EndedReason } from '@phonevoice/contracts'
import { openSettings } from '../assistants/settings.ts'
import { storedSettings } from '../assistants/to-assistant.ts'
import type { CommandResult } from '../commands/command.ts'
import type { Mode, ServiceContext } from '../context.ts'
import { openWebhookSecrets } from '../organizations/webhook-secret.ts'

/** What a media process must know of a call. Holds readable secrets: keep it in memory only. */
export interface CallForSession {
  callId: string
  organizationId: string
  mode: Mode
  direction: 'outbound' | 'inbound'
  assistantId: string
  /** As they were at creation, overrides applied, header values readable. */
  assistant: AssistantSettings
  variables: Call['variables']
  metadata: Call['metadata']
  /** The account that carries it; null: the sandbox's. */
  carrierAccountId: string | null
  /** The person. */
  phoneNumber: string
  from: string
  isRecorded: boolean
  /** When it was answered; null: not yet. */
  startedAt: Date | null
  maxDurationSeconds: number
  maxCostMicroUsd: number | null
  /** What has been said so far, for a process that takes over. */
  history: { role: 'user' | 'assistant' | 'system'; text: string }[]
  /** Somebody outside has told the assistant to say nothing. */
  isSilenced: boolean
  /** The caller has heard the assistant's disclosure. */
  isDisclosed: boolean
  /** The number of the next utterance. */
  nextTurn: number
  /** Set when the call is to end. */
  endingReason: EndedReason | null
  /** Signs the requests to a custom LLM. */
  webhookSecret: string
}

/** A row of `sessionColumns`. */
export interface SessionRow {
  id: string
  organization_id: string
  mode: Mode
  direction: 'outbound' | 'inbound'
  assistant_id: string
  assistant: unknown
  variables: string
  metadata: string
  carrier_account_id: string | null
  phone_number: string
  from_number: string
  is_recorded: boolean
  started_at: Date | null
  disclosed_at: Date | null
  max_duration_seconds: number
  max_cost_micro_usd: string | null
  ending_reason: EndedReason | null
  webhook_secret_sealed: string
  turns: { turn: number; role: 'user' | 'assistant'; text: string }[] | null
  notes: { after_turn: number; text: string }[] | null
  /** What came of the latest command to mute or unmute, JSON text. */
  silence: string | null
}

/** What a session is made of; the statement has `calls` as `c` and `organizations` as `o`. */
export function sessionColumns(ctx: ServiceContext) {
  return ctx.db
    .sql`c.id, c.organization_id, c.mode, c.direction, c.assistant_id, c.assistant, c.variables, c.metadata,
    c.carrier_account_id, c.phone_number, c.from_number, c.is_recorded, c.started_at, c.disclosed_at, c.max_duration_seconds, c.max_cost_micro_usd,
    c.ending_reason, o.webhook_secret_sealed,
    (select json_agg(json_build_object('turn', t.turn, 'role', t.role, 'text', t.text) order by t.turn)
      from turns t where t.call_id = c.id) as turns,
    (select json_agg(json_build_object('after_turn', n.after_turn, 'text', n.text) order by n.after_turn, n.id)
      from call_notes n where n.call_id = c.id) as notes,
    (select m.result from call_commands m where m.call_id = c.id and m.kind = 'mute' and m.finished_at is not null
      order by m.id desc limit 1) as silence`
}

/** For a process that prepares itself while the phone rings. Null: no such call, or it has ended. */
export async function loadCallForSession(
  ctx: ServiceContext,
  input: { callId: string },
): Promise<CallForSession | null> {
  const [row] = await ctx.db.sql<SessionRow[]>`
    select ${sessionColumns(ctx)} from calls c join organizations o on o.id = c.organization_id
    where c.id = ${input.callId} and c.ended_at is null`
  return row ? await toCallForSession(ctx, row) : null
}

export async function toCallForSession(ctx: ServiceContext, row: SessionRow): Promise<CallForSession> {
  const turns = row.turns ?? []
  const secrets = { webhook_secret_sealed: row.webhook_secret_sealed, next_webhook_secret_sealed: null }
  return {
    callId: row.id,
    organizationId: row.organization_id,
    mode: row.mode,
    direction: row.direction,
    assistantId: row.assistant_id,
    assistant: await openSettings(ctx.secrets, row.organization_id, storedSettings(row.assistant)),
    variables: JSON.parse(row.variables) as Call['variables'],
    metadata: JSON.parse(row.metadata) as Call['metadata'],
    carrierAccountId: row.carrier_account_id,
    phoneNumber: row.phone_number,
    from: row.from_number,
    isRecorded: row.is_recorded,
    startedAt: row.started_at,
    maxDurationSeconds: row.max_duration_seconds,
    maxCostMicroUsd: row.max_cost_micro_usd === null ? null : Number(row.max_cost_micro_usd),
    history: withNotes(turns, row.notes ?? []),
    isDisclosed: row.disclosed_at !== null,
    isSilenced: row.silence !== null && isMuted(JSON.parse(row.silence) as CommandResult),
    nextTurn: (turns.at(-1)?.turn ?? 0) + 1,
    endingReason: row.ending_reason,
    webhookSecret: (await openWebhookSecrets(ctx, row.organization_id, secrets)).current,
  }
}

/** The dialogue with what others told the model, each note behind the utterance it came after. */
function withNotes(
  turns: NonNullable<SessionRow['turns']>,
  notes: NonNullable<SessionRow['notes']>,
): CallForSession['history'] {
  const notesAfter = (turn: number) =>
    notes.filter((note) => note.after_turn === turn).map(({ text }) => ({ role: 'system' as const, text }))
  return [...notesAfter(0), ...turns.flatMap(({ turn, role, text }) => [{ role, text }, ...notesAfter(turn)])]
}

function isMuted(result: CommandResult): boolean {
  return result.status === 'done' && result.result === 'muted'
}
