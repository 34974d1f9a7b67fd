/** `npm run fuzz`: a hundred thousand requests made from the API's own description. `--seed` repeats an earlier run. It brings its own Postgres. */
import { parseArgs } from 'node:util'
import { startBackends } from '../../tests/setup/backends.ts'
import { runFuzz } from './run-fuzz.ts'

const { values } = parseArgs({
  options: { requests: { type: 'string', default: '100000' }, seed: { type: 'string' } },
})
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
console.log(`seed ${seed}`)

// So that everything started here goes with us.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
const backends = await startBackends()
let isKept = false
try {
  const { violations, ...figures } = await runFuzz({
    postgresUrl: backends.postgresUrl,
    requests: Number(values.requests),
    seed,
    say: (line) => console.log(line),
  })
  console.log(JSON.stringify(figures, null, 2))
  for (const violation of violations) console.log(`VIOLATION ${violation}`)
  isKept = violations.length === 0
  console.log(
    isKept ? 'every answer was as described' : `${violations.length} kinds of violation; seed ${seed}`,
  )
} finally {
  await backends.stop()
}
process.exit(isKept ? 0 : 1)
