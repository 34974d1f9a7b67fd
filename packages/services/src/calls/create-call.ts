import { InternalError, InvalidInput, PreconditionFailed } from '@phonevoice/base'
import {
  type CallCreate,
  isSandboxNumber,
  isSimulatedPhone,
  SANDBOX_CALLER_ID,
  SIMULATED_PHONES,
} from '@phonevoice/contracts'
import { patchSettings, type SealedSettings } from '../assistants/settings.ts'
import { storedSettings } from '../assistants/to-assistant.ts'
import type { Mode, ServiceContext } from '../context.ts'
import { checkDial, dialRefused, toPolicy } from '../dial-policy/index.ts'
import { type Idempotency, requireSameRequest } from '../idempotency/create-once.ts'
import { QUEUE_TIMEOUT_SECONDS } from '../limits/limits.ts'
import { requireStorableText } from '../text/storable.ts'
import { callEvent } from './call-writer.ts'
import { type CreateFacts, loadForCreate } from './load-for-create.ts'
import { insertCall } from './new-call.ts'
import { newCallRow } from './new-call-row.ts'
import { toCall } from './to-call.ts'

export interface CreateCallInput {
  organizationId: string
  mode: Mode
  request: CallCreate
  /** Null: the request carries no key. */
  idempotency: Idempotency | null
  requestId?: string | undefined
}

export interface CreatedCall {
  status: 201
  /** JSON of the call; a replay has the same bytes. */
  body: string
  /** True: the answer to an earlier request with the same key. */
  replayed: boolean
}

const TRIES_MAX = 3

/**
 * Creates an outgoing call and leaves it to the dialler, in two round trips that calls of the same moment share. With an idempotency key a repeated
 * request, even at the same moment, gets the first one's answer and rings no second phone.
 *
 * Throws `number_not_simulated`, `destination_blocked`, `do_not_call`, `outside_hours`, `unknown_assistant`, `invalid_request`, `carrier_not_configured`, `number_not_owned`, `idempotency_key_reused`.
 */
export async function createCall(ctx: ServiceContext, input: CreateCallInput): Promise<CreatedCall> {
  const { organizationId, mode, request, idempotency } = input
  requireStorableText(request)
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const facts = await loadForCreate(ctx, {
      organizationId,
      mode,
      phoneNumber: request.phone_number,
      assistantId: request.assistant_id,
      from: request.from ?? null,
      idempotencyKey: idempotency?.key ?? null,
    })
    const replay = replayOf(facts, idempotency)
    if (replay) return replay

    const now = new Date(ctx.clock.now())
    requireDialable(mode, request, facts, now.getTime())
    const line = chooseLine(mode, request, facts)
    const waitsSeconds = request.queue_timeout_seconds ?? facts.queue_timeout_seconds ?? QUEUE_TIMEOUT_SECONDS
    const queueExpiresAt = new Date(now.getTime() + waitsSeconds * 1000)
    const row = newCallRow(
      {
        organizationId,
        mode,
        direction: 'outbound',
        phoneNumber: request.phone_number,
        carrierCallId: null,
        queueExpiresAt,
        ...line,
      },
      request,
      await settingsFor(ctx, organizationId, request, facts),
      now,
    )
    const body = JSON.stringify(toCall(row, { recordingUrl: null }))
    const event = callEvent('call.queued', now.getTime(), {
      status: 'queued',
      phone_number: row.phoneNumber,
      from: row.fromNumber,
    })
    const isWritten = await insertCall(ctx, {
      row,
      event,
      // Behind a long queue it is enough to be let through, and to expire.
      dialAt: facts.is_queue_long ? queueExpiresAt : now,
      idempotency: idempotency && { ...idempotency, responseBody: body },
    })
    if (isWritten) return { status: 201, body, replayed: false }
    // A twin with the same key was faster: its answer is there on the next look.
  }
  throw new InternalError('A call could be neither created nor found by its idempotency key.')
}

function replayOf(facts: CreateFacts, idempotency: CreateCallInput['idempotency']): CreatedCall | null {
  if (idempotency === null || facts.response_body === null) return null
  requireSameRequest(facts.request_hash, idempotency)
  return { status: 201, body: facts.response_body, replayed: true }
}

/** Before anything is written: who may be called, and when. */
function requireDialable(mode: Mode, request: CallCreate, facts: CreateFacts, nowMs: number): void {
  if (mode === 'test' && !isSimulatedPhone(request.phone_number)) throw numberNotSimulated()
  const refusal = checkDial(toPolicy(facts), {
    phoneNumber: request.phone_number,
    mode,
    isOnDoNotCallList: facts.is_on_do_not_call_list,
    callingHours: request.calling_hours ?? null,
    nowMs,
  })
  if (refusal) throw dialRefused(refusal, '/phone_number')
}

function chooseLine(
  mode: Mode,
  request: CallCreate,
  facts: CreateFacts,
): { fromNumber: string; carrierAccountId: string | null } {
  if (mode === 'test') {
    const { from = SANDBOX_CALLER_ID } = request
    if (!isSandboxNumber(from))
      throw numberNotOwned(
        'A test key calls from the numbers of the sandbox, +12025550190 to +12025550199: use one of them, or leave from out.',
      )
    return { fromNumber: from, carrierAccountId: null }
  }
  if (!facts.has_account)
    throw new PreconditionFailed(
      'carrier_not_configured',
      'This organization has no carrier account, so it cannot place live calls: add one, or use a test key.',
    )
  if (facts.from_number === null || facts.carrier_account_id === null)
    throw numberNotOwned(
      request.from === undefined
        ? 'This organization has no number to call from: add one that its carrier account owns.'
        : 'The number in from does not belong to this organization: use one of yours, or leave it out.',
    )
  return { fromNumber: facts.from_number, carrierAccountId: facts.carrier_account_id }
}

async function settingsFor(
  ctx: ServiceContext,
  organizationId: string,
  request: CallCreate,
  facts: CreateFacts,
): Promise<SealedSettings> {
  if (facts.settings === null)
    throw new InvalidInput(
      'unknown_assistant',
      'There is no assistant with this id: create one with POST /v1/assistants or list yours.',
      { fields: [{ pointer: '/assistant_id', message: 'must be the id of one of your assistants' }] },
    )
  const settings = storedSettings(facts.settings)
  if (request.assistant_overrides === undefined) return settings
  return patchSettings(
    await ctx.secrets.sealer(organizationId),
    organizationId,
    settings,
    request.assistant_overrides,
    '/assistant_overrides',
  )
}

function numberNotOwned(message: string): InvalidInput {
  return new InvalidInput('number_not_owned', message, {
    fields: [{ pointer: '/from', message: 'must be a number of yours' }],
  })
}

function numberNotSimulated(): InvalidInput {
  const phones = Object.entries(SIMULATED_PHONES).map(([number, does]) => `${number} ${does}`)
  return new InvalidInput(
    'number_not_simulated',
    `A test key calls only simulated phones; use a live key for real ones. The simulated phones: ${phones.join('; ')}; +12025550113 to +12025550189 behave as you write them.`,
    { fields: [{ pointer: '/phone_number', message: 'must be a simulated phone' }] },
  )
}
