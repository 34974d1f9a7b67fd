/** `npm run phone -- --call +12025550191`: a simulated phone calls one of your numbers. */
import path from 'node:path'
import { readDevelopmentStack } from '../development-stack.ts'
import { runPhone } from './run.ts'

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())

process.exitCode = await runPhone(process.argv.slice(2), {
  sandboxUrl: readDevelopmentStack(path.resolve('.phonevoice'))?.sandbox_url ?? null,
  print: (line) => console.log(line),
  complain: (line) => console.error(line),
  signal: stop.signal,
})
