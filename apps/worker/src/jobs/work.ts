import type { Timers } from '@phonevoice/base'
import { eraseContent } from '@phonevoice/services/content'
import type { ServiceContext } from '@phonevoice/services/context'
import { dialCall, hangUpCall } from '@phonevoice/services/dials'
import { type FinishInput, finishCall } from '@phonevoice/services/finish'
import { retryWork, type Step, settleWork, type Work, type WorkKind } from '@phonevoice/services/work'
import type { ObjectStorage } from '@phonevoice/storage'
import type { createCarrierOf } from '../outside.ts'

export interface WorkDependencies {
  ctx: ServiceContext
  timers: Timers
  carrierOf: ReturnType<typeof createCarrierOf>
  /** Lets waiting calls through. */
  admit(): Promise<void>
  analystFor: FinishInput['analystFor']
  mergeRecording: FinishInput['mergeRecording']
  storage: ObjectStorage
}

/** One handler per kind of work. */
const HANDLERS: Record<WorkKind, (deps: WorkDependencies, work: Work) => Promise<Step>> = {
  dial: ({ ctx, carrierOf, admit }, work) => dialCall(ctx, { work, carrierOf, admit }),
  'hang-up': ({ ctx, carrierOf }, work) => hangUpCall(ctx, { work, carrierOf }),
  finish: ({ ctx, timers, analystFor, mergeRecording }, work) =>
    finishCall(ctx, { work, timers, analystFor, mergeRecording }),
  erase: ({ ctx, storage }, work) =>
    eraseContent(ctx, { work, deleteFiles: (prefix) => deleteFiles(storage, prefix) }),
}

/** Does a claimed piece of work and settles it. Returns when it is due again, null when it is done. */
export async function doWork(deps: WorkDependencies, work: Work): Promise<number | null> {
  const { ctx } = deps
  let step: Step
  try {
    step = await HANDLERS[work.kind](deps, work)
  } catch (error) {
    // Ours to mend; until then it is tried again, less and less often.
    const nextAtMs = ctx.clock.now() + Math.min(1000 * 2 ** Math.min(work.attempt - 1, 6), 60_000)
    ctx.log.error('A piece of work failed', {
      kind: work.kind,
      workId: work.id,
      callId: work.callId,
      attempt: work.attempt,
      error,
    })
    await retryWork(ctx, { ...work, nextAtMs })
    return nextAtMs
  }
  await settleWork(ctx, work, step)
  return step.nextAtMs
}

async function deleteFiles(storage: ObjectStorage, prefix: string): Promise<void> {
  for (const key of await storage.list(prefix)) await storage.delete(key)
}
