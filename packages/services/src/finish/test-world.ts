/** Test-only: answered calls in a real database, what was said on them and recorded, and everything a finish asks for. */
import { EVENT_DATA, type EventData } from '@phonevoice/contracts'
import { findCall } from '../calls/call-row.ts'
import { recordCarrierStatus } from '../calls/record-carrier-status.ts'
import { claimWork, settleWork, type Work } from '../work/index.ts'
import { createTestWorld, insertCall, insertOrganization, type TestWorld } from '../work/test-world.ts'
import { type Analyst, type FinishInput, finishCall } from './index.ts'

export let world: TestWorld
export let organizationId: string
/** Opens the world that everything here works on; a test file closes it. */
export async function openFinishWorld(postgresUrl: string): Promise<void> {
  world = await createTestWorld(postgresUrl)
  organizationId = await insertOrganization(world.ctx)
}

let counter = 0
export async function answeredCall(
  options: Parameters<typeof insertCall>[1] | Record<string, unknown> = {},
): Promise<string> {
  const callId = await insertCall(world.ctx, { organizationId, status: 'dialing', ...options })
  const carrierCallId = `CA${++counter}`
  const report = { callId, carrierCallId, carrierCode: null }
  await recordCarrierStatus(world.ctx, { ...report, status: 'in-progress', atMs: world.clock.now() })
  world.clock.advance(61_000)
  await recordCarrierStatus(world.ctx, {
    ...report,
    status: 'completed',
    atMs: world.clock.now(),
    durationSeconds: 61,
  })
  return callId
}

export async function say(
  callId: string,
  turns: [role: 'user' | 'assistant', text: string][],
): Promise<void> {
  for (const [index, [role, text]] of turns.entries())
    await world.database.sql`insert into turns (id, call_id, turn, role, text, interrupted, start_ms, end_ms)
      values (${`turn_${callId}_${index}`}, ${callId}, ${index + 1}, ${role}, ${text}, false, ${index * 1000}, ${index * 1000 + 900})`
}

export async function openStream(callId: string, options: { closed: boolean }): Promise<string> {
  const call = await findCall(world.ctx, callId)
  const id = `strm_${callId}_${++counter}`
  const openedAt = call!.startedAt!
  await world.database
    .sql`insert into streams (id, call_id, node_id, token_hash, minted_at, expires_at, opened_at, closed_at)
    values (${id}, ${callId}, 'node_1', ${id}, ${openedAt}, ${openedAt}, ${openedAt}, ${options.closed ? call!.endedAt : null})`
  return id
}

/** A wait that lets test time pass. */
export const timers: FinishInput['timers'] = {
  now: () => world.clock.now(),
  every: () => ({ cancel() {} }),
  after(delayMs, run) {
    setImmediate(() => {
      world.clock.advance(delayMs)
      run()
    })
    return { cancel() {} }
  },
}

export function analyst(
  answer: () => Promise<unknown>,
): Analyst & { asked: number; lastRequest: Parameters<Analyst['completeJson']>[0] | null } {
  return {
    provider: 'openai',
    model: 'gpt-6-luna',
    asked: 0,
    lastRequest: null,
    async completeJson(request) {
      this.asked++
      this.lastRequest = request
      return {
        value: await answer(),
        usage: { inputTokens: 1000, cachedInputTokens: 200, outputTokens: 100, isMeasured: true },
      }
    },
  }
}
export const good = { summary: 'They booked a table.', sentiment: 'positive', intent: 'booking' }
export const merge: FinishInput['mergeRecording'] = async ({ lengthMs }) => ({
  sizeBytes: lengthMs * 16 + 58,
  durationMs: lengthMs,
  missingParts: 0,
})

export async function claimFinish(callId: string): Promise<Work> {
  const [row] = await world.database.sql<
    { id: string }[]
  >`select id from work_items where call_id = ${callId} and kind = 'finish'`
  const [work] = await claimWork(world.ctx, { ids: [row!.id], limit: 1 })
  if (!work) throw new Error('the finish work is not due')
  return work
}

export async function finish(callId: string, input: Partial<FinishInput> = {}): Promise<void> {
  const work = await claimFinish(callId)
  const step = await finishCall(world.ctx, {
    work,
    timers,
    analystFor: () => analyst(async () => good),
    mergeRecording: merge,
    ...input,
  })
  await settleWork(world.ctx, work, step)
}

export async function completedEvents(callId: string): Promise<EventData<'call.completed'>[]> {
  const rows = await world.database.sql<
    { data: string }[]
  >`select data from call_events where call_id = ${callId} and type = 'call.completed'`
  return rows.map((row) => EVENT_DATA['call.completed'].parse(JSON.parse(row.data)))
}
