import { InvalidInput } from '@phonevoice/base'
import { insertAudit } from '../audit/write-audit.ts'
import type { ServiceContext } from '../context.ts'

/** What an organization keeps of its calls. */
export interface PrivacyPolicy {
  /** Days after completion until a call's content is deleted; null: nobody deletes it unasked. */
  contentDays: number | null
  /** The same for the recording alone. */
  recordingDays: number | null
  /** No call is recorded, whatever assistants and requests say. */
  isRecordingForbidden: boolean
}

/** A hundred years. */
const DAYS_MAX = 36_500

interface PolicyRow {
  content_days: number | null
  recording_days: number | null
  is_recording_forbidden: boolean
}

/** What holds for an organization; one that has set nothing keeps everything, and records as assistants say. */
export async function getPrivacyPolicy(
  ctx: ServiceContext,
  input: { organizationId: string },
): Promise<PrivacyPolicy> {
  const [row] = await ctx.db.sql<PolicyRow[]>`
    select content_days, recording_days, is_recording_forbidden from privacy_policies where organization_id = ${input.organizationId}`
  return toPolicy(row)
}

/**
 * Changes what it names. A shorter time begins to count at once, for calls that are over as well; a switch for recording counts from the next
 * conversation on. Throws `invalid_request`; the organization must exist.
 */
export async function setPrivacyPolicy(
  ctx: ServiceContext,
  input: { organizationId: string; change: Partial<PrivacyPolicy> },
): Promise<PrivacyPolicy> {
  const { organizationId, change } = input
  for (const days of [change.contentDays, change.recordingDays])
    if (days != null && !(Number.isSafeInteger(days) && days >= 1 && days <= DAYS_MAX))
      throw new InvalidInput('invalid_request', `Days must be a whole number from 1 to ${DAYS_MAX}.`)
  const { sql } = ctx.db
  const columns = {
    ...(change.contentDays === undefined ? {} : { content_days: change.contentDays }),
    ...(change.recordingDays === undefined ? {} : { recording_days: change.recordingDays }),
    ...(change.isRecordingForbidden === undefined
      ? {}
      : { is_recording_forbidden: change.isRecordingForbidden }),
  }
  const set = { ...columns, updated_at: new Date(ctx.clock.now()) }
  const audit = { organizationId, action: 'retention.updated', details: columns } as const
  const [row] = await sql<PolicyRow[]>`
    with changed as (
      insert into privacy_policies ${sql({ organization_id: organizationId, ...set })}
      on conflict (organization_id) do update set ${sql(set)} returning *
    ), audited as (${insertAudit(ctx, audit, 'changed')})
    select content_days, recording_days, is_recording_forbidden from changed`
  return toPolicy(row)
}

function toPolicy(row: PolicyRow | undefined): PrivacyPolicy {
  return {
    contentDays: row?.content_days ?? null,
    recordingDays: row?.recording_days ?? null,
    isRecordingForbidden: row?.is_recording_forbidden ?? false,
  }
}
