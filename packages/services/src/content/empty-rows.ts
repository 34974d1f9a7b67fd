import { maskPhoneNumber } from '@phonevoice/base'
import { REDACTED_EVENT_DATA } from '@phonevoice/contracts'
import { findCall } from '../calls/call-row.ts'
import { toCall } from '../calls/to-call.ts'
import type { ServiceContext } from '../context.ts'
import { emptyRecording } from './empty-recording.ts'

/** A stored answer is written in the same statement as its call, by a clock that was read a moment later. */
const ANSWER_WITHIN_MS = 60_000

/**
 * Takes everything personal out of the rows of a marked call and leaves the frame: ids, times, status, outcome, usage, cost, latency, and of numbers the
 * last four digits. Repeating it changes nothing, and what is not marked is left alone.
 */
export async function emptyRows(ctx: ServiceContext, input: { callId: string }): Promise<void> {
  const call = await findCall(ctx, input.callId)
  if (!call || call.contentDeletedAt === null) return
  const { sql } = ctx.db
  const phoneNumber = maskPhoneNumber(call.phoneNumber)
  const fromNumber = call.direction === 'inbound' ? phoneNumber : call.fromNumber
  await sql`
    with call as (
      update calls set phone_number = ${phoneNumber}, from_number = ${fromNumber}, metadata = '{}', variables = '{}', analysis = null,
        assistant = '{}'::jsonb
      where id = ${call.id} and content_deleted_at is not null
      returning id
    ), emptied_events as (
      update call_events e set data = ${REDACTED_EVENT_DATA} from call where e.call_id = call.id and e.data <> ${REDACTED_EVENT_DATA}
    ), deleted_turns as (
      delete from turns t using call where t.call_id = call.id
    ), deleted_notes as (
      delete from call_notes n using call where n.call_id = call.id
    ), deleted_commands as (
      delete from call_commands c using call where c.call_id = call.id
    )
    update delivery_attempts a set response_excerpt = null from call, deliveries d
    where d.call_id = call.id and a.delivery_id = d.id and a.response_excerpt is not null`
  if (call.isRecorded) await emptyRecording(ctx, { callId: call.id })
  const emptied = await findCall(ctx, call.id)
  if (emptied) await emptyStoredAnswer(ctx, emptied)
}

/** The answer to the call's creation is given again for a day to whoever repeats the request. */
async function emptyStoredAnswer(
  ctx: ServiceContext,
  call: NonNullable<Awaited<ReturnType<typeof findCall>>>,
): Promise<void> {
  const { sql } = ctx.db
  const at = call.createdAt.getTime()
  const answers = await sql<{ key: string; response_body: string }[]>`
    select key, response_body from idempotency_keys
    where organization_id = ${call.organizationId} and response_body like ${`{"id":"${call.id}",%`}
      and created_at between ${new Date(at - ANSWER_WITHIN_MS)} and ${new Date(at + ANSWER_WITHIN_MS)}`
  const { phone_number, from, metadata, variables, content_deleted_at } = toCall(call, { recordingUrl: null })
  for (const { key, response_body: body } of answers) {
    const emptied = { ...JSON.parse(body), phone_number, from, metadata, variables, content_deleted_at }
    await sql`
      update idempotency_keys set response_body = ${JSON.stringify(emptied)}
      where organization_id = ${call.organizationId} and key = ${key} and response_body = ${body}`
  }
}
