import { parseArgs } from 'node:util'

export const USAGE = `npm start [-- options]

  --no-demo          do not place the demo call
  --state <folder>   keep data, secrets and logs there instead of in .phonevoice
  --help             show this

PORT chooses the port of the API; DATABASE_URL and REDIS_URL use servers of your own. .env may set them too.`

export interface Flags {
  isHelp: boolean
  isDemo: boolean
  /** Null: the default. */
  stateFolder: string | null
}

/** Throws an Error whose message is for people when the arguments are not understood. */
export function parseFlags(args: string[]): Flags {
  const { values } = parseArgs({
    args,
    options: {
      'no-demo': { type: 'boolean', default: false },
      state: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  return { isHelp: values.help, isDemo: !values['no-demo'], stateFolder: values.state || null }
}

/** Says what is wrong, or how it is used, and ends the process. */
export function flagsOrExit(args: string[]): Flags {
  try {
    const flags = parseFlags(args)
    if (!flags.isHelp) return flags
    console.log(USAGE)
    return process.exit(0)
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`)
    return process.exit(2)
  }
}

/** `PORT` as a number; null when it is not set. Throws when it is no port. */
export function parsePort(text: string | undefined): number | null {
  if (!text) return null
  if (!/^\d{1,5}$/.test(text) || Number(text) < 1 || Number(text) > 65535)
    throw new Error(`PORT is a number from 1 to 65535, not "${text}".`)
  return Number(text)
}
