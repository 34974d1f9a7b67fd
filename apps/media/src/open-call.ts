import { createHash } from 'node:crypto'
import type { Log, Timers } from '@phonevoice/base'
import { verifyTwilioHandshake } from '@phonevoice/carriers'
import type { CallForSession } from '@phonevoice/services/calls'
import { recordTurnMeasurement, recordUtterance, setEndingReason } from '@phonevoice/services/calls'
import { resolveCarrierAccount } from '@phonevoice/services/carrier-accounts'
import type { ServiceContext } from '@phonevoice/services/context'
import { addRecordingPart, startRecording } from '@phonevoice/services/recordings'
import { closeStream, findStreamAccount, openStream } from '@phonevoice/services/streams'
import { listUsage, recordUsageLines } from '@phonevoice/services/usage'
import { signWebhook } from '@phonevoice/signing'
import type { ObjectStorage } from '@phonevoice/storage'
import type { CallProviders } from './call-providers.ts'
import { toConversationSettings } from './conversation-settings.ts'
import { type CostLimit, createCostLimit } from './cost-limit.ts'
import { createJournal } from './journal.ts'
import type { PhraseCache } from './phrase-cache.ts'
import type { CarrierSink } from './pipeline/outbound.ts'
import { createRecorder, type Recorder } from './recorder.ts'
import type { StreamClaim } from './server.ts'
import { createSession, type Session, type SessionStore } from './session.ts'
import { renderTemplate } from './template.ts'
import type { Ticker } from './ticker.ts'
import { toLlmTools } from './tool-settings.ts'
import { createUsageMeter } from './usage-meter.ts'

export interface OpenCallDependencies {
  ctx: ServiceContext
  storage: ObjectStorage
  providersFor(call: CallForSession): CallProviders
  /** For users' own tools: checks the address of every connection. */
  guardedFetch: typeof fetch
  phrases: PhraseCache
  ticker: Ticker
  timers: Timers
  /** `ws://` or `wss://` and host: what the carrier was told to connect to. */
  publicOrigin: string
  nodeId: string
  log: Log
  /** Called when a session exists and when it is gone, so that messages for a call find it. */
  onOpen(callId: string, session: Session): void
  onClosed(callId: string, session: Session): void
}

/** Turns a socket's claim into a running session. Null: the token is unknown, used, expired or another call's, or the handshake was not signed. */
export async function openCall(
  deps: OpenCallDependencies,
  claim: StreamClaim,
  sink: CarrierSink & { close(): void },
): Promise<Session | null> {
  const { ctx, timers } = deps
  if (!(await isSigned(deps, claim))) return null
  const opened = await openStream(ctx, {
    token: claim.token,
    carrierCallId: claim.carrierCallId,
    carrierStreamId: claim.carrierStreamId,
    nodeId: deps.nodeId,
  })
  if (!opened) return null
  const call = opened
  const log = deps.log.child({ callId: call.callId, streamId: opened.streamId })
  if (call.isRecorded) await startRecording(ctx, { callId: call.callId })

  const providers = deps.providersFor(call)
  const startedAt = call.startedAt?.getTime() ?? ctx.clock.now()
  const offsetMs = Math.max(0, ctx.clock.now() - startedAt)
  const isResumed = opened.isResumed
  const settings = toConversationSettings(call.assistant, call.variables, {
    maxDurationMs: Math.max(1000, call.maxDurationSeconds * 1000 - offsetMs),
  })
  const session: Session = createSession({
    callId: call.callId,
    settings,
    history: call.history,
    isResumed,
    isSilenced: call.isSilenced,
    isDisclosed: call.isDisclosed,
    nextTurn: call.nextTurn,
    offsetMs,
    sink,
    transcriber: {
      providers: providers.transcribers,
      language: call.assistant.transcriber.language ?? call.assistant.language,
      keywords: call.assistant.transcriber.keywords,
    },
    answers: {
      providers: providers.answers,
      instructions: renderTemplate(call.assistant.instructions, call.variables),
      tools: toLlmTools(call.assistant.tools),
      user: opaqueUser(call),
      metadata: customMetadata(call),
    },
    tools: {
      tools: call.assistant.tools.filter((tool) => tool.type === 'http'),
      guardedFetch: deps.guardedFetch,
      sign: (body) => ({
        'PhoneVoice-Signature': signWebhook({
          secret: call.webhookSecret,
          body,
          timestampSeconds: Math.floor(ctx.clock.now() / 1000),
        }),
      }),
    },
    voice: {
      providers: providers.voices,
      language: call.assistant.language,
      organizationId: call.organizationId,
      phrases: deps.phrases,
    },
    recorder: call.isRecorded ? recorderFor(deps, call.callId, opened.streamId, log) : null,
    usage: createUsageMeter(opened.streamId),
    costLimit: await costLimitOf(ctx, call, isResumed),
    journal: createJournal({ log, timers }),
    store: storeFor(ctx, opened, call.isDisclosed ? null : settings.disclosure),
    ticker: deps.ticker,
    timers,
    log,
    onClosed: () => deps.onClosed(call.callId, session),
  })
  deps.onOpen(call.callId, session)
  return session
}

/** Asked before the token is used up: whoever has seen one cannot take it from the carrier without its signature. */
async function isSigned({ ctx, nodeId, publicOrigin }: OpenCallDependencies, claim: StreamClaim) {
  const owner = await findStreamAccount(ctx, { token: claim.token, nodeId })
  if (!owner) return false
  const { authToken } = await resolveCarrierAccount(ctx, owner)
  const url = `${publicOrigin.replace(/^ws:/, 'wss:')}${claim.path}`
  return verifyTwilioHandshake({ authToken, signature: claim.signature, url })
}

async function costLimitOf(
  ctx: ServiceContext,
  call: CallForSession,
  isResumed: boolean,
): Promise<CostLimit | null> {
  if (call.maxCostMicroUsd === null) return null
  return createCostLimit({
    maxMicroUsd: call.maxCostMicroUsd,
    direction: call.direction,
    earlier: isResumed ? await listUsage(ctx, { callId: call.callId }) : [],
    now: () => ctx.clock.now(),
  })
}

/** `disclosure`: what the caller is yet to be told; null: nothing. */
function storeFor(
  ctx: ServiceContext,
  { callId, streamId }: { callId: string; streamId: string },
  disclosure: string | null,
): SessionStore {
  /** The turn in which it was told. A line may be written more than once. */
  let toldIn: number | null = null
  const tells = (turn: number, role: string, text: string): boolean => {
    if (disclosure !== null && role === 'assistant' && beginsWith(text, disclosure)) toldIn ??= turn
    return turn === toldIn
  }
  return {
    recordUtterance: ({ turn, role, text, textPlanned, interrupted, startMs, endMs, cutOffsetMs }) =>
      recordUtterance(ctx, {
        callId,
        isDisclosure: tells(turn, role, text),
        utterance: {
          turn,
          role,
          text,
          text_planned: textPlanned,
          interrupted,
          start_ms: startMs,
          end_ms: endMs,
          cut_offset_ms: cutOffsetMs,
        },
      }),
    // Response ids count from one in each stream of a call.
    recordTurnMeasurement: (measurement, usage) =>
      recordTurnMeasurement(ctx, {
        callId,
        measurement: { ...measurement, responseId: `${streamId}:${measurement.responseId}` },
        usage,
      }),
    recordUsage: (lines) => recordUsageLines(ctx, { callId, lines }),
    setEndingReason: (reason) => setEndingReason(ctx, { callId, reason }),
    closeStream: () => closeStream(ctx, { streamId }),
  }
}

/** Whatever the spaces are. */
function beginsWith(text: string, beginning: string): boolean {
  const words = (spaced: string) => spaced.trim().split(/\s+/).join(' ')
  return words(text).startsWith(words(beginning))
}

function recorderFor(deps: OpenCallDependencies, callId: string, streamId: string, log: Log): Recorder {
  return createRecorder({
    log,
    async writePart({ number, offsetMs, durationMs, isLast, audio }) {
      const storageKey = `recordings/${callId}/${streamId}/${String(number).padStart(5, '0')}.ulaw`
      await deps.storage.put(storageKey, audio)
      await addRecordingPart(deps.ctx, { streamId, number, storageKey, offsetMs, durationMs, isLast })
    },
  })
}

/** The same person gets the same id from one call to the next within an organization; nobody can read a number from it. */
function opaqueUser(call: CallForSession): string {
  return createHash('sha256').update(`${call.organizationId}:${call.phoneNumber}`).digest('hex').slice(0, 32)
}

function customMetadata(call: CallForSession): Record<string, string> {
  const own = Object.entries(call.metadata).map(([key, value]) => [
    key,
    typeof value === 'string' ? value : JSON.stringify(value),
  ])
  return { ...Object.fromEntries(own), call_id: call.callId, assistant_id: call.assistantId }
}
