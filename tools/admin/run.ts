import { AppError } from '@phonevoice/base'
import { auditCommands } from './audit.ts'
import { carrierCommands } from './carrier.ts'
import { type Command, parseInput, UsageError, usageLine } from './command.ts'
import { keyCommands } from './key.ts'
import { limitsCommands } from './limits.ts'
import { numberCommands } from './number.ts'
import { findInstallation, withContext } from './open-context.ts'
import { organizationCommands } from './organization.ts'
import { policyCommands } from './policy.ts'
import { retentionCommands } from './retention.ts'
import { secretsCommands } from './secrets.ts'
import { webhookSecretCommands } from './webhook-secret.ts'

/** What `runAdmin` needs of a process. */
export interface AdminProcess {
  env: Readonly<Record<string, string | undefined>>
  /** The folder that `npm start` keeps its state in. */
  stateFolder: string
  readInput(): Promise<string>
  print(line: string): void
  complain(line: string): void
}

const COMMANDS: readonly Command[] = [
  ...organizationCommands,
  ...keyCommands,
  ...carrierCommands,
  ...numberCommands,
  ...webhookSecretCommands,
  ...limitsCommands,
  ...policyCommands,
  ...retentionCommands,
  ...secretsCommands,
  ...auditCommands,
]

/** Exit codes. */
const DONE = 0
const FAILED = 1
const MISUSED = 2

/** Runs one command and answers with the exit code: 0 done, 1 refused or failed, 2 not typed correctly or nothing to work on. */
export async function runAdmin(args: readonly string[], host: AdminProcess): Promise<number> {
  const isJson = args.includes('--json')
  const words = args.filter((word) => word !== '--json')
  if (words.length === 0 || ['help', '--help', '-h'].includes(words[0] ?? '')) {
    for (const line of help()) host.print(line)
    return DONE
  }
  try {
    const command = findCommand(words)
    const input = parseInput(command, words.slice(2))
    const installation = findInstallation(host.env, host.stateFolder)
    const { env, readInput } = host
    const { apiOrigin } = installation
    const result = await withContext(installation, (ctx) =>
      command.run(ctx, input, { env, apiOrigin, readInput }),
    )
    for (const line of isJson ? [JSON.stringify(result.json, null, 2)] : result.lines) host.print(line)
    return DONE
  } catch (error) {
    host.complain((error as Error).message)
    if (error instanceof AppError) for (const { message } of error.fields) host.complain(`  ${message}`)
    return error instanceof UsageError ? MISUSED : FAILED
  }
}

function findCommand(words: readonly string[]): Command {
  const typed = words.slice(0, 2).join(' ')
  const found = COMMANDS.find(({ name }) => name === typed)
  if (found) return found
  const sameGroup = COMMANDS.filter(({ name }) => name.split(' ')[0] === words[0])
  const candidates = sameGroup.length > 0 ? sameGroup : COMMANDS
  throw new UsageError(
    [
      `There is no command "${typed}". There are:`,
      ...candidates.map((command) => `  ${usageLine(command)}`),
    ].join('\n'),
  )
}

function help(): string[] {
  return [
    'npm run admin -- <command> [--json]',
    '',
    ...COMMANDS.flatMap((command) => [`  ${usageLine(command)}`, `      ${command.summary}`]),
    '',
    'Works on DATABASE_URL with SECRETS_KEY, from the environment or .env; without them on the stack that "npm start" runs.',
  ]
}
