import type { ServiceContext } from '../context.ts'
import type { Held } from './lease.ts'

/** Nothing more to do. False: the lease had passed to somebody else and nothing was changed. */
export function completeWork(ctx: ServiceContext, held: Held): Promise<boolean> {
  return settle(ctx, held, null)
}

/** Gives the item back, due again at a later time. False: the lease had passed to somebody else. */
export function retryWork(ctx: ServiceContext, held: Held & { nextAtMs: number }): Promise<boolean> {
  return settle(ctx, held, held.nextAtMs)
}

async function settle(ctx: ServiceContext, held: Held, nextAtMs: number | null): Promise<boolean> {
  const rows = await ctx.db.sql`
    update work_items set next_at = ${nextAtMs === null ? null : new Date(nextAtMs)}, lease_until = null, lease_token = null
    where id = ${held.id} and lease_token = ${held.leaseToken} returning id`
  return rows.length === 1
}

/** What a handler of work has come to: nothing more to do (null), or when to come back. */
export type Step = { nextAtMs: number | null }
export const DONE: Step = { nextAtMs: null }

/** Applies a step. False: the lease had passed to somebody else, whose step counts. */
export function settleWork(ctx: ServiceContext, held: Held, step: Step): Promise<boolean> {
  return settle(ctx, held, step.nextAtMs)
}
