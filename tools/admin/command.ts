import { parseArgs } from 'node:util'
import type { ServiceContext } from '@phonevoice/services/context'

/** A command of `npm run admin`. Its table entry is also its help text. */
export interface Command {
  /** As typed, such as `key create`. */
  name: string
  summary: string
  /** What stands without a flag, in order, such as `<name>`; all of it is required. */
  positionals: readonly string[]
  options: Readonly<Record<string, Option>>
  run(ctx: ServiceContext, input: CommandInput, surroundings: Surroundings): Promise<CommandResult>
}

export interface Option {
  /** What the value looks like, such as `org_…`; null: the option is a switch. */
  value: string | null
  isRequired?: boolean
}

/** What a command may ask of the process it runs in. */
export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>
  /** The api's public origin, without a trailing slash; null when nobody told. */
  apiOrigin: string | null
  /** Everything on standard input, as text. */
  readInput(): Promise<string>
}

/** What was typed, checked against the command's table entry. */
export interface CommandInput {
  /** A positional by its name (`<name>`) or a required option. */
  text(name: string): string
  /** Null when it was left out. */
  optional(name: string): string | null
  isOn(name: string): boolean
}

export interface CommandResult {
  /** What `--json` prints. */
  json: unknown
  /** What people read. */
  lines: readonly string[]
}

/** The command was not typed correctly, or the surroundings lack something. The message says what to do. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** Reads what follows the command's name. Throws `UsageError` that lists everything missing at once. */
export function parseInput(command: Command, args: readonly string[]): CommandInput {
  const { values, positionals } = parse(command, args)
  const given = new Map<string, string>()
  for (const [index, name] of command.positionals.entries()) {
    const value = positionals[index]?.trim()
    if (value) given.set(name, value)
  }
  for (const name of Object.keys(command.options)) {
    const value = values[name]
    if (typeof value === 'string' && value.trim() !== '') given.set(name, value.trim())
  }
  const missing = [
    ...command.positionals.filter((name) => !given.has(name)),
    ...Object.entries(command.options)
      .filter(([name, option]) => option.isRequired && !given.has(name))
      .map(([name, option]) => `--${name} ${option.value}`),
  ]
  if (missing.length > 0) throw new UsageError(`Missing: ${missing.join(', ')}.\n${usageLine(command)}`)
  const extra = positionals.slice(command.positionals.length)
  if (extra.length > 0)
    throw new UsageError(
      `Too much: ${extra.join(' ')}. A name of several words needs quotes.\n${usageLine(command)}`,
    )
  return {
    text(name) {
      const value = given.get(name)
      if (value === undefined) throw new Error(`${command.name} does not declare ${name} as required.`)
      return value
    },
    optional: (name) => given.get(name) ?? null,
    isOn: (name) => values[name] === true,
  }
}

/** `key create --organization org_… [--name …]`. */
export function usageLine(command: Command): string {
  const options = Object.entries(command.options).map(([name, { value, isRequired }]) => {
    const text = value === null ? `--${name}` : `--${name} ${value}`
    return isRequired ? text : `[${text}]`
  })
  return [command.name, ...command.positionals, ...options].join(' ')
}

function parse(
  command: Command,
  args: readonly string[],
): { values: Readonly<Record<string, unknown>>; positionals: readonly string[] } {
  const options = Object.entries(command.options).map(([name, { value }]) => [
    name,
    { type: value === null ? 'boolean' : 'string' } as const,
  ])
  try {
    return parseArgs({ args: [...args], options: Object.fromEntries(options), allowPositionals: true })
  } catch (error) {
    // The first sentence says what is wrong; the rest advises on `--`, which nobody needs here.
    const [problem = ''] = (error as Error).message.split('. ')
    throw new UsageError(`${problem.replace(/\.$/, '')}.\n${usageLine(command)}`)
  }
}
