import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { ScenarioInput } from '@phonevoice/sandbox'
import { followCall, summaryLines } from './follow-call.ts'
import { createSandboxClient, type SandboxClient } from './sandbox-client.ts'

/** What `runPhone` needs of a process. */
export interface PhoneProcess {
  /** Origin of the simulated carrier; null when no development stack runs. */
  sandboxUrl: string | null
  print(line: string): void
  complain(line: string): void
  /** Aborted by Ctrl-C: the phone hangs up. */
  signal: AbortSignal
}

/** The phone that books an appointment. */
const DEFAULT_FROM = '+12025550100'

const HELP = [
  'npm run phone -- --call <number>   a simulated phone calls this number and shows the conversation as it hears it',
  '                 --list            lists the simulated phones',
  '',
  '  --from <number>     which simulated phone calls, +12025550100 unless given',
  '  --scenario <file>   what the phone does, as JSON (docs/sandbox.md), instead of its usual behaviour',
  '  --save <file>       keeps what the phone heard, as WAV',
  '  --sandbox <url>     the simulated carrier, that of the running "npm start" unless given',
]

/** Answers with the exit code: 0 the call was answered, 1 it was not or something failed, 2 not typed correctly. */
export async function runPhone(args: readonly string[], host: PhoneProcess): Promise<number> {
  const { print } = host
  let options: ReturnType<typeof parse>
  try {
    options = parse(args)
  } catch (error) {
    host.complain(`${(error as Error).message.split('. ')[0]}.\n\n${HELP.join('\n')}`)
    return 2
  }
  if (options.help || (!options.list && options.call === undefined)) {
    for (const line of HELP) print(line)
    return options.help ? 0 : 2
  }
  const url = options.sandbox?.replace(/\/+$/, '') ?? host.sandboxUrl
  if (url === null) {
    host.complain('No sandbox runs here: start it with "npm start", or name one with --sandbox.')
    return 2
  }
  try {
    const sandbox = createSandboxClient(url)
    if (options.list) return await listPhones(sandbox, print)
    return await call(sandbox, url, options, host)
  } catch (error) {
    host.complain((error as Error).message)
    return 1
  }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      call: { type: 'string' },
      from: { type: 'string' },
      scenario: { type: 'string' },
      save: { type: 'string' },
      sandbox: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values
}

async function listPhones(sandbox: SandboxClient, print: (line: string) => void): Promise<number> {
  for (const { phone_number, scenario, is_custom } of await sandbox.phones())
    print(`${phone_number}  ${scenario.name}${is_custom ? ' (yours)' : ''}: ${scenario.description}`)
  return 0
}

async function call(
  sandbox: SandboxClient,
  url: string,
  options: ReturnType<typeof parse>,
  { print, signal }: PhoneProcess,
): Promise<number> {
  const from = options.from ?? DEFAULT_FROM
  const to = options.call ?? ''
  const scenario = options.scenario === undefined ? null : readScenario(options.scenario)
  const { callSid } = await sandbox.callIn({ from, to, ...(scenario ? { scenario } : {}) })
  print(`${from} calls ${to} (${callSid}; Ctrl-C hangs up)`)
  const report = await followCall(sandbox, callSid, print, signal)
  for (const line of summaryLines(report)) print(line)
  if (report.answered_at === null) return 1
  const recordings = `${url}/sandbox/calls/${callSid}`
  print(`recordings: ${recordings}/heard.wav (what the phone heard), ${recordings}/call.wav (both sides)`)
  if (options.save !== undefined) {
    writeFileSync(options.save, await sandbox.recording(callSid, 'heard.wav'))
    print(`saved: ${options.save}`)
  }
  return 0
}

function readScenario(file: string): ScenarioInput {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ScenarioInput
  } catch (cause) {
    throw new Error(`${file} cannot be read as JSON: ${(cause as Error).message}`, { cause })
  }
}
