/** The short form of `npm run fuzz`: its checks are the same, its seed is new each time and is printed when something is found. */
import { expect, inject, it } from 'vitest'
import { createJudge } from './judge.ts'
import { readApi } from './operations.ts'
import { KINDS } from './requests.ts'
import { runFuzz } from './run-fuzz.ts'

it('two thousand requests, good and bad, are answered as described', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  const report = await runFuzz({
    postgresUrl: inject('postgresUrl'),
    requests: 2000,
    seed,
    say: () => {},
  })
  expect(report.violations, `seed ${seed}`).toEqual([])
  // A run in which everything is refused shows little.
  expect(report.answers.valid['2xx']).toBeGreaterThan(100)
  for (const kind of KINDS) expect(report.answers[kind]['4xx'], kind).toBeGreaterThan(10)
  expect(report.succeeded).toBeGreaterThan(report.operations / 2)
})

it.each([
  ['a fault', 500, 'application/problem+json', '{}', 'a 500'],
  ['an error that is no problem', 404, 'application/json', '{}', 'an error of type application/json'],
  ['a status nobody was told of', 418, 'application/problem+json', '{}', 'a status that is not described'],
  [
    'a success of another shape',
    200,
    'application/json',
    '{"object":"call"}',
    'a body that is not as described',
  ],
])('%s is found', (_what, status, type, text, found) => {
  const api = readApi()
  const operation = api.operations.find(({ method, path }) => method === 'GET' && path === '/v1/calls/{id}')!
  const request = { operation, kind: 'valid' as const, target: '', headers: {}, body: null }
  expect(createJudge(api)(request, { status, type, text })).toContain(found)
})
