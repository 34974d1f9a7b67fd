import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import { at } from './at.ts'

/**
 * One phone call. The row is also the counter of its events: whoever writes an event locks it. Several are written in each second of a call, so no index
 * holds what they change, and pages keep room: then such a write touches nothing but the row.
 *
 * Neither this table nor those that are written with it (events, work, deliveries and their attempts) have foreign keys: parent and child come from one
 * statement, and each check would cost as much as the row and lock the parent, which everybody else's check wants, too.
 */
export const calls = pgTable(
  'calls',
  {
    id: text().primaryKey(),
    organizationId: text('organization_id').notNull(),
    mode: text({ enum: ['test', 'live'] }).notNull(),
    direction: text({ enum: ['outbound', 'inbound'] }).notNull(),
    status: text({
      enum: [
        'queued',
        'dialing',
        'ringing',
        'in_progress',
        'completed',
        'busy',
        'no_answer',
        'failed',
        'canceled',
      ],
    }).notNull(),
    phoneNumber: text('phone_number').notNull(),
    fromNumber: text('from_number').notNull(),
    assistantId: text('assistant_id').notNull(),
    /** The assistant's settings as they were at creation, overrides applied, header secrets sealed. */
    assistant: jsonb().notNull(),
    webhookUrl: text('webhook_url'),
    webhookEvents: text('webhook_events').array().notNull(),
    /** JSON text: key order and numbers come back as they were sent. */
    metadata: text().notNull(),
    variables: text().notNull(),
    isRecorded: boolean('is_recorded').notNull(),
    ringTimeoutSeconds: integer('ring_timeout_seconds').notNull(),
    maxDurationSeconds: integer('max_duration_seconds').notNull(),
    maxCostMicroUsd: bigint('max_cost_micro_usd', { mode: 'number' }),
    /** Null in test mode: the sandbox's account. */
    carrierAccountId: text('carrier_account_id'),
    /** The first carrier id wins; others are hung up. */
    carrierCallId: text('carrier_call_id'),
    carrierCode: text('carrier_code'),
    /** The media node reserved for, then holding, the call. */
    nodeId: text('node_id'),
    /** Why our side is ending it; set before the carrier confirms. */
    endingReason: text('ending_reason'),
    endedReason: text('ended_reason'),
    createdAt: at('created_at').notNull(),
    /** Until when it may wait to be dialled; null for incoming calls. */
    queueExpiresAt: at('queue_expires_at'),
    /** The call's own hours, JSON text of `CallingHours` (contracts). */
    callingHours: text('calling_hours'),
    /** When it left the queue; from here on it counts towards the limits. */
    dialedAt: at('dialed_at'),
    startedAt: at('started_at'),
    endedAt: at('ended_at'),
    /** Last sign of life from the carrier or the media process; the reconciler looks at quiet ones. */
    lastSeenAt: at('last_seen_at').notNull(),
    /** When `call.completed` was written. */
    completedAt: at('completed_at'),
    durationSeconds: integer('duration_seconds'),
    costMicroUsd: bigint('cost_micro_usd', { mode: 'number' }),
    /** JSON text of `CostLine[]`, `Analysis`, `Latency` (contracts), null until the call is finished. */
    costBreakdown: text('cost_breakdown'),
    analysis: text(),
    latency: text(),
    /** By when the assistant's `disclosure` had been heard whole. */
    disclosedAt: at('disclosed_at'),
    /** From here on nothing of what was said is kept or written any more; see services/content. */
    contentDeletedAt: at('content_deleted_at'),
    /** The number of the newest event; events are numbered from 1 without gaps. */
    lastSequence: integer('last_sequence').notNull(),
  },
  (table) => [
    index('calls_organization').on(table.organizationId, table.mode, table.createdAt, table.id),
    index('calls_carrier_call').on(table.carrierCallId).where(sql`${table.carrierCallId} is not null`),
    /** The carrier repeats its request for an incoming call when an answer is late: one call all the same. */
    uniqueIndex('calls_inbound_once').on(table.carrierCallId).where(sql`${table.direction} = 'inbound'`),
    /** Who waits, first come first. */
    index('calls_waiting')
      .on(table.organizationId, table.mode, table.createdAt, table.id)
      .where(sql`${table.status} = 'queued'`),
    /** Who holds a line; also where those that have gone quiet are looked for. */
    index('calls_live')
      .on(table.organizationId, table.mode)
      .where(sql`${table.endedAt} is null and ${table.status} <> 'queued'`),
    index('calls_dialed')
      .on(table.organizationId, table.mode, table.dialedAt)
      .where(sql`${table.dialedAt} is not null`),
    index('calls_ended')
      .on(table.organizationId, table.mode, table.endedAt)
      .where(sql`${table.endedAt} is not null`),
    /** Whose content is still there, for retention. */
    index('calls_content')
      .on(table.organizationId, table.completedAt)
      .where(sql`${table.completedAt} is not null and ${table.contentDeletedAt} is null`),
  ],
)

/** The ordered log of a call. `data` is JSON text, written once and never parsed by the database. */
export const callEvents = pgTable(
  'call_events',
  {
    id: text().primaryKey(),
    callId: text('call_id').notNull(),
    sequence: integer().notNull(),
    type: text().notNull(),
    occurredAt: at('occurred_at').notNull(),
    data: text().notNull(),
  },
  (table) => [uniqueIndex('call_events_sequence').on(table.callId, table.sequence)],
)

/** What was said, in order: the transcript, and the memory another media process goes on with. */
export const turns = pgTable(
  'turns',
  {
    id: text().primaryKey(),
    callId: text('call_id')
      .notNull()
      .references(() => calls.id),
    /** Counts utterances of the call from 1. */
    turn: integer().notNull(),
    role: text({ enum: ['user', 'assistant'] }).notNull(),
    text: text().notNull(),
    textPlanned: text('text_planned'),
    interrupted: boolean().notNull(),
    startMs: integer('start_ms').notNull(),
    endMs: integer('end_ms').notNull(),
    /** Interrupted assistant only: how much of its audio had been heard, milliseconds. */
    cutOffsetMs: integer('cut_offset_ms'),
  },
  (table) => [uniqueIndex('turns_turn').on(table.callId, table.turn)],
)

/** What somebody outside told the model during the call: memory for the media process that takes it over. */
export const callNotes = pgTable(
  'call_notes',
  {
    callId: text('call_id')
      .notNull()
      .references(() => calls.id),
    /** The command that brought it. */
    id: text().notNull(),
    /** The utterance it came after; 0 before the first. */
    afterTurn: integer('after_turn').notNull(),
    text: text().notNull(),
    createdAt: at('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.callId, table.id] })],
)

/** Measurements of one exchange, milliseconds since the answer. */
export const turnMeasurements = pgTable(
  'turn_measurements',
  {
    callId: text('call_id')
      .notNull()
      .references(() => calls.id),
    responseId: text('response_id').notNull(),
    /** The assistant's utterance; null when nothing of it was heard. */
    turn: integer(),
    speechEndedMs: integer('speech_ended_ms'),
    speechCommittedMs: integer('speech_committed_ms'),
    wordsKnownMs: integer('words_known_ms'),
    decidedMs: integer('decided_ms'),
    llmFirstTokenMs: integer('llm_first_token_ms'),
    firstClauseMs: integer('first_clause_ms'),
    firstAudioMs: integer('first_audio_ms'),
    firstAudioSentMs: integer('first_audio_sent_ms'),
    heardUntilMs: integer('heard_until_ms'),
    interrupted: boolean().notNull(),
  },
  (table) => [primaryKey({ columns: [table.callId, table.responseId] })],
)

/** What a call has used so far. A writer owns a key (e.g. one stream's STT) and raises its quantity; repeating a write changes nothing. */
export const usageItems = pgTable(
  'usage_items',
  {
    callId: text('call_id')
      .notNull()
      .references(() => calls.id),
    key: text().notNull(),
    component: text({
      enum: ['carrier', 'media_stream', 'stt', 'llm', 'early_thinking', 'tts', 'analysis'],
    }).notNull(),
    provider: text().notNull(),
    model: text().notNull(),
    unit: text().notNull(),
    quantity: doublePrecision().notNull(),
    source: text({ enum: ['measured', 'estimated', 'carrier'] }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.callId, table.key] })],
)

/** What somebody outside wants of a live call, for the media node that holds it. A message, not a record: old ones are deleted. */
export const callCommands = pgTable(
  'call_commands',
  {
    id: text().primaryKey(),
    callId: text('call_id')
      .notNull()
      .references(() => calls.id, { onDelete: 'cascade' }),
    nodeId: text('node_id').notNull(),
    kind: text({ enum: ['say', 'keys', 'context', 'mute', 'end'] }).notNull(),
    /** JSON text; emptied when it has been carried out. */
    payload: text().notNull(),
    createdAt: at('created_at').notNull(),
    takenAt: at('taken_at'),
    finishedAt: at('finished_at'),
    /** JSON text of `CommandResult` (services). */
    result: text(),
  },
  (table) => [
    index('call_commands_waiting').on(table.nodeId, table.createdAt).where(sql`${table.takenAt} is null`),
    index('call_commands_age').on(table.createdAt),
    index('call_commands_call').on(table.callId),
  ],
)
