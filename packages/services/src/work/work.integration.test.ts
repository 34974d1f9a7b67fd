import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { claimWork, completeWork, LEASE_MS, renewLeases, retryWork } from './index.ts'
import { createTestWorld, insertCall, insertOrganization, insertWork, type TestWorld } from './test-world.ts'

let world: TestWorld
let organizationId: string
beforeAll(async () => {
  world = await createTestWorld(inject('postgresUrl'))
  organizationId = await insertOrganization(world.ctx)
})
afterAll(() => world.close())

async function insertDial(): Promise<string> {
  return insertWork(world.ctx, { callId: await insertCall(world.ctx, { organizationId }), kind: 'dial' })
}

describe('claiming work', () => {
  test('a claimed item is nobody else’s until its lease ends', async () => {
    const { ctx, clock } = world
    const id = await insertDial()
    const [first] = await claimWork(ctx, { ids: [id], limit: 10 })
    expect(first).toMatchObject({ id, kind: 'dial', attempt: 1, intentAtMs: null })
    clock.advance(LEASE_MS - 1)
    expect(await claimWork(ctx, { ids: [id], limit: 10 })).toEqual([])
    clock.advance(1)
    const [second] = await claimWork(ctx, { ids: [id], limit: 10 })
    expect(second).toMatchObject({ id, attempt: 2 })
    expect(second?.leaseToken).not.toBe(first?.leaseToken)
  })

  test('twenty claimers at once share the items without overlap', async () => {
    const { ctx } = world
    const ids = await Promise.all(Array.from({ length: 40 }, insertDial))
    const claims = await Promise.all(Array.from({ length: 20 }, () => claimWork(ctx, { ids, limit: 7 })))
    const taken = claims.flat().map((work) => work.id)
    expect(new Set(taken).size).toBe(taken.length)
    const rest = await claimWork(ctx, { ids, limit: 100 })
    expect(taken.length + rest.length).toBe(40)
  })

  test('renewing keeps an item past its first lease', async () => {
    const { ctx, clock } = world
    const id = await insertDial()
    const [work] = await claimWork(ctx, { ids: [id], limit: 1 })
    clock.advance(LEASE_MS - 1)
    expect(await renewLeases(ctx, { table: 'work_items', held: [work!] })).toEqual(new Set([id]))
    clock.advance(LEASE_MS - 1)
    expect(await claimWork(ctx, { ids: [id], limit: 1 })).toEqual([])
  })

  test('who was overtaken can neither renew, complete nor postpone', async () => {
    const { ctx, clock } = world
    const id = await insertDial()
    const [old] = await claimWork(ctx, { ids: [id], limit: 1 })
    clock.advance(LEASE_MS)
    const [current] = await claimWork(ctx, { ids: [id], limit: 1 })
    expect(await renewLeases(ctx, { table: 'work_items', held: [old!] })).toEqual(new Set())
    expect(await completeWork(ctx, old!)).toBe(false)
    expect(await retryWork(ctx, { ...old!, nextAtMs: clock.now() })).toBe(false)
    expect(await completeWork(ctx, current!)).toBe(true)
  })

  test('a completed item never comes back, a postponed one when it is due', async () => {
    const { ctx, clock } = world
    const [doneId, laterId] = await Promise.all([insertDial(), insertDial()])
    const claimed = await claimWork(ctx, { ids: [doneId, laterId], limit: 2 })
    await completeWork(ctx, claimed.find((work) => work.id === doneId)!)
    await retryWork(ctx, { ...claimed.find((work) => work.id === laterId)!, nextAtMs: clock.now() + 3000 })
    clock.advance(2999)
    expect(await claimWork(ctx, { ids: [doneId, laterId], limit: 2 })).toEqual([])
    clock.advance(1)
    expect((await claimWork(ctx, { ids: [doneId, laterId], limit: 2 })).map((work) => work.id)).toEqual([
      laterId,
    ])
  })

  test('kinds narrow a claim', async () => {
    const { ctx } = world
    const callId = await insertCall(ctx, { organizationId })
    const dial = await insertWork(ctx, { callId, kind: 'dial' })
    const finish = await insertWork(ctx, { callId, kind: 'finish' })
    const claimed = await claimWork(ctx, { ids: [dial, finish], kinds: ['finish'], limit: 10 })
    expect(claimed.map((work) => work.id)).toEqual([finish])
  })
})
