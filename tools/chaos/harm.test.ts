import { expect, test } from 'vitest'
import { createRandom } from '../random.ts'
import { planHarm } from './harm.ts'

const counts = { kills: 20, terminates: 10, redis: 3, postgres: 2 }

test('the same seed plans the same harm, another seed another', () => {
  expect(planHarm(counts, 300, createRandom(5))).toEqual(planHarm(counts, 300, createRandom(5)))
  expect(planHarm(counts, 300, createRandom(5))).not.toEqual(planHarm(counts, 300, createRandom(6)))
})

test('it is all within the run, in order, and strikes both processes', () => {
  const plan = planHarm(counts, 300, createRandom(5))
  expect(plan).toHaveLength(35)
  const at = plan.map((harm) => harm.afterCalls)
  expect(at).toEqual(at.toSorted((one, other) => one - other))
  expect(at.every((calls) => calls >= 1 && calls <= 300)).toBe(true)
  const victims = plan.filter((harm) => harm.kind === 'kill').map((harm) => harm.victim)
  expect(new Set(victims)).toEqual(new Set(['api', 'worker']))
})
