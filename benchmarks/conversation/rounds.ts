/** Rounds of simultaneous calls: each in a media process of its own, because memory never shrinks back to what it was. */
import { setTimeout as wait } from 'node:timers/promises'
import { createAssistant } from '@phonevoice/services/assistants'
import type { Child, Usage } from '../harness/child.ts'
import type { Product } from '../harness/product.ts'
import { createAnsweredCalls } from './answered-calls.ts'
import type { Figures, SceneName } from './scenes.ts'

const RAMP_MS = 2000

export interface Round {
  scene: SceneName
  calls: number
  /** How long is measured. */
  ms: number
  isThinkingEarly: boolean
  /** Callers begin over this time, about one exchange, so that at any moment some speak, some listen; the measurement begins after it. */
  spreadMs: number
}

export interface Held extends Round {
  figures: Figures
  idle: Usage
  before: Usage
  after: Usage
  generator: { before: Usage; after: Usage }
}

/** A process of ours under a load, and the load's own cost. */
export type Looks = Pick<Held, 'calls' | 'idle' | 'before' | 'after' | 'generator'>

/** Both kinds of assistant, by whether they think early. */
export async function createAssistants(product: Product): Promise<(isThinkingEarly: boolean) => string> {
  const create = (enabled: boolean) =>
    createAssistant(product.ctx, {
      organizationId: product.seed.organizationId,
      settings: {
        name: `Benchmark ${enabled}`,
        first_message: null,
        recording: { enabled: true },
        turn_taking: { early_thinking: { enabled } },
        // Some callers wait long until they begin.
        silence: { timeout_seconds: 60 },
      },
    })
  const [early, late] = await Promise.all([create(true), create(false)])
  return (isThinkingEarly) => (isThinkingEarly ? early.id : late.id)
}

export async function holdCalls(
  product: Product,
  far: Child,
  standInsUrl: string,
  assistantId: string,
  round: Round,
): Promise<Held> {
  const media = await product.startApp('media', { SANDBOX_PROVIDERS_URL: standInsUrl })
  // The guesses come with early thinking; without either, what is measured is the usual turn.
  await far.ask('tellGuesses', { isOn: round.isThinkingEarly })
  await wait(500)
  const idle = await media.usage()
  const tickets = await createAnsweredCalls(product, assistantId, round.calls)
  const { scene, spreadMs } = round
  await far.ask('connect', { tickets, scene, rampMs: RAMP_MS, spreadMs })
  await wait(spreadMs)
  const [before, generatorBefore] = await Promise.all([media.usage(), far.usage()])
  const figures = await far.ask<Figures>('measure', { ms: round.ms })
  const [after, generatorAfter] = await Promise.all([media.usage(), far.usage()])
  await far.ask('leave', {})
  await wait(1000)
  await media.stop()
  return {
    ...round,
    figures,
    idle,
    before,
    after,
    generator: { before: generatorBefore, after: generatorAfter },
  }
}
