/** `npm run simulate -- --steps 1000000 --seed 7`: random conversations held against the laws; ends with 1 and the shortest transcript that breaks one. */
import { parseArgs } from 'node:util'
import { breaksLaw, replay } from './play.ts'
import { shrink } from './shrink.ts'
import { simulate } from './simulate.ts'
import { tellCourse } from './tell-course.ts'

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
    counts: { type: 'boolean' },
  },
})
const steps = Number(values.steps)
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32))
if (!(steps > 0) || !Number.isInteger(seed)) throw new Error('--steps and --seed are whole numbers.')

console.log(`seed ${seed}`)
const startedAt = performance.now()
const { steps: taken, calls, counts, failure } = simulate({ seed, steps })
const seconds = (performance.now() - startedAt) / 1000
console.log(
  `${taken} steps in ${calls} calls, ${seconds.toFixed(1)} s, ${Math.round(taken / seconds)} steps a second`,
)
if (values.counts) console.log(counts)
if (failure !== null) {
  const course = shrink(failure.course, breaksLaw(failure.violation.message))
  const violation = replay(course)?.violation ?? failure.violation
  console.error(`\nBroken: ${violation.message}`)
  console.error(`Again: npm run simulate -- --steps 1 --seed ${failure.seed}`)
  console.error(`\n${tellCourse(course)}`)
  console.error(`-> ${JSON.stringify(violation.detail)}`)
  process.exitCode = 1
}
