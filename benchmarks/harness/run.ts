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
export interface Setting {
  default: number
  /** Keeps every run bounded. */
  max: number
  sentence: string
}

/** Longest any benchmark may take, start and end included. */
const RUN_MS_MAX = 10 * 60_000

/** Reads the settings, runs, prints the report, and cleans up even when it fails or is interrupted. */
export async function runBenchmark<const S extends Readonly<Record<string, Setting>>>(
  benchmark: { name: string; settings: S },
  measure: (run: Run<{ [name in keyof S]: number }>) => Promise<Omit<Report, 'benchmark' | 'settings'>>,
): Promise<void> {
  const { settings, isJson } = settingsOrExit(benchmark)
  const undos: (() => unknown)[] = []
  let ending: Promise<void> | null = null
  const end = () => (ending ??= undoAll(undos))
  const interrupt = (reason: string) => {
    console.error(reason)
    process.exitCode = 1
    void end().finally(() => process.exit())
  }
  const deadline = setTimeout(() => interrupt(`gave up after ${RUN_MS_MAX / 60_000} minutes`), RUN_MS_MAX)
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
      printReport({ benchmark: benchmark.name, settings, ...figures }, isJson ? 'json' : 'text')
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

function settingsOrExit<S extends Readonly<Record<string, Setting>>>(benchmark: {
  name: string
  settings: S
}) {
  try {
    return readSettings(benchmark)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\nSee --help.`)
    process.exit(2)
  }
}

function readSettings<S extends Readonly<Record<string, Setting>>>(benchmark: {
  name: string
  settings: S
}): { settings: { [name in keyof S]: number }; isJson: boolean } {
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
      console.log(
        `  --${name.padEnd(14)} ${setting.sentence} (default ${setting.default}, at most ${setting.max})`,
      )
    process.exit(0)
  }
  const settings = Object.entries(benchmark.settings).map(([name, setting]) => {
    const value = given[name] === undefined ? setting.default : Number(given[name])
    if (!Number.isFinite(value) || value < 0 || value > setting.max)
      throw new Error(`--${name} must be a number from 0 to ${setting.max}.`)
    return [name, value]
  })
  return { settings: Object.fromEntries(settings), isJson: given.json === true }
}
