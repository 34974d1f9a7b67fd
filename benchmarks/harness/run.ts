import { parseArgs } from 'node:util'
import { printReport, type Report } from './report.ts'

/** A benchmark while it runs: its settings, and what must be undone at its end, whichever way it ends. */
export interface Run<Settings> {
  settings: Settings
  /** Runs at the end, last added first. */
  onEnd(undo: () => unknown): void
  /** Tells the person at the terminal what is going on; nothing with `--json`. */
  say(line: string): void
}

/** A number a person may give as `--name value`. */
interface NumberSetting {
  default: number
  /** Keeps every run bounded. */
  max: number
  sentence: string
}

/** Some of a few words, as `--name one,two`; all of them unless given. */
interface ChoiceSetting {
  choices: readonly string[]
  sentence: string
}

type Setting = NumberSetting | ChoiceSetting
type Values<S> = { [name in keyof S]: S[name] extends ChoiceSetting ? readonly string[] : number }

interface Benchmark<S> {
  name: string
  settings: S
  /** Longest it may take, start and end included. Default 10. */
  minutesMax?: number
}

const MINUTES_MAX = 10

/** Reads the settings, runs, prints the report, and cleans up even when it fails or is interrupted. */
export async function runBenchmark<const S extends Readonly<Record<string, Setting>>>(
  benchmark: Benchmark<S>,
  measure: (run: Run<Values<S>>) => Promise<Omit<Report, 'benchmark' | 'settings'>>,
): Promise<void> {
  const minutesMax = benchmark.minutesMax ?? MINUTES_MAX
  const { settings, isJson } = settingsOrExit(benchmark)
  const undos: (() => unknown)[] = []
  let ending: Promise<void> | null = null
  const end = () => (ending ??= undoAll(undos))
  const interrupt = (reason: string) => {
    console.error(reason)
    process.exitCode = 1
    void end().finally(() => process.exit())
  }
  const deadline = setTimeout(() => interrupt(`gave up after ${minutesMax} minutes`), minutesMax * 60_000)
  process.once('SIGINT', () => interrupt('interrupted'))
  process.once('SIGTERM', () => interrupt('terminated'))
  try {
    const figures = await measure({
      settings,
      onEnd: (undo) => undos.push(undo),
      say: (line) => {
        if (!isJson) console.error(`  … ${line}`)
      },
    })
    if (ending === null)
      printReport(
        { benchmark: benchmark.name, settings: toShown(settings), ...figures },
        isJson ? 'json' : 'text',
      )
  } catch (error) {
    if (ending === null) console.error(error)
    process.exitCode = 1
  } finally {
    clearTimeout(deadline)
    await end()
  }
}

async function undoAll(undos: readonly (() => unknown)[]): Promise<void> {
  for (const undo of undos.toReversed()) {
    try {
      await undo()
    } catch (error) {
      console.error('clean-up failed', error)
    }
  }
}

function settingsOrExit<S extends Readonly<Record<string, Setting>>>(benchmark: Benchmark<S>) {
  try {
    return readSettings(benchmark)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\nSee --help.`)
    process.exit(2)
  }
}

function readSettings<S extends Readonly<Record<string, Setting>>>(benchmark: Benchmark<S>) {
  const options = Object.fromEntries(
    Object.keys(benchmark.settings).map((name) => [name, { type: 'string' as const }]),
  )
  const { values } = parseArgs({
    options: { ...options, json: { type: 'boolean' }, help: { type: 'boolean' } },
  })
  const given = values as Record<string, string | boolean | undefined>
  if (given.help) {
    console.log(`npm run bench:${benchmark.name} -- [--json]`)
    for (const [name, setting] of Object.entries(benchmark.settings))
      console.log(`  --${name.padEnd(14)} ${setting.sentence} (${describeRange(setting)})`)
    process.exit(0)
  }
  const settings = Object.entries(benchmark.settings).map(([name, setting]) => [
    name,
    readValue(name, setting, given[name]),
  ])
  return { settings: Object.fromEntries(settings) as Values<S>, isJson: given.json === true }
}

function readValue(name: string, setting: Setting, given: string | boolean | undefined) {
  if ('choices' in setting) {
    if (given === undefined) return setting.choices
    const chosen = String(given).split(',')
    if (!chosen.every((word) => setting.choices.includes(word)))
      throw new Error(`--${name} must be some of ${setting.choices.join(',')}.`)
    return chosen
  }
  const value = given === undefined ? setting.default : Number(given)
  if (!Number.isFinite(value) || value < 0 || value > setting.max)
    throw new Error(`--${name} must be a number from 0 to ${setting.max}.`)
  return value
}

function describeRange(setting: Setting): string {
  return 'choices' in setting
    ? `any of ${setting.choices.join(',')}; all unless given`
    : `default ${setting.default}, at most ${setting.max}`
}

function toShown(settings: Readonly<Record<string, number | readonly string[]>>) {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      typeof value === 'number' ? value : value.join(','),
    ]),
  )
}
