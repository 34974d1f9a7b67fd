/**
 * Keeps the arrows between workspaces pointing one way. What a workspace may import is what its package.json declares (knip refuses undeclared
 * imports); this check says what may be declared, and that nobody reaches into another package's sources by path.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'

/** Each workspace and the ones it may depend on. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  base: [],
  audio: [],
  conversation: [],
  signing: [],
  contracts: ['base'],
  carriers: ['base'],
  providers: ['base', 'audio'],
  queue: ['base'],
  'outbound-http': ['base'],
  storage: ['base'],
  'embedded-postgres': ['base'],
  db: ['base'],
  services: ['base', 'contracts', 'db', 'signing', 'carriers', 'providers', 'audio', 'storage'],
  api: ['base', 'contracts', 'db', 'services', 'carriers', 'queue', 'storage'],
  media: [
    'base',
    'audio',
    'contracts',
    'conversation',
    'carriers',
    'providers',
    'db',
    'services',
    'signing',
    'queue',
    'storage',
    'outbound-http',
  ],
  worker: [
    'base',
    'audio',
    'contracts',
    'carriers',
    'providers',
    'db',
    'services',
    'signing',
    'queue',
    'storage',
    'outbound-http',
  ],
  sandbox: ['base', 'audio'],
}

/** Why an arrow is missing, for the most tempting ones. */
const REASONS: Readonly<Record<string, string>> = {
  sandbox:
    'the sandbox is written from the vendors’ documents; sharing code with our adapters would share their mistakes',
  conversation: 'the conversation is pure: it knows no audio, no clock, no vendor',
}

const problems: string[] = []
const root = process.cwd()
for (const area of ['packages', 'apps']) {
  for (const name of readdirSync(join(root, area))) {
    const folder = join(root, area, name)
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>
    }
    const allowed = ALLOWED[name]
    if (!allowed) {
      problems.push(`${area}/${name} is not in the table of tools/checks/dependency-direction.ts`)
      continue
    }
    for (const dependency of Object.keys(manifest.dependencies ?? {})) {
      const target = dependency.startsWith('@phonevoice/') ? dependency.slice('@phonevoice/'.length) : null
      if (target !== null && !allowed.includes(target)) {
        problems.push(
          `${area}/${name} must not depend on ${target}${REASONS[name] ? `: ${REASONS[name]}` : ''}`,
        )
      }
    }
    for (const file of sourceFiles(folder)) {
      const text = readFileSync(file, 'utf8')
      for (const [, specifier] of text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)) {
        const target = resolve(file, '..', specifier ?? '')
        if (!target.startsWith(folder + sep))
          problems.push(
            `${relative(root, file)} reaches outside its workspace: ${specifier}; import the package by name`,
          )
      }
    }
  }
}
for (const problem of problems) console.error(problem)
process.exitCode = problems.length > 0 ? 1 : 0

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.includes('node_modules'))
    .map((path) => join(folder, path))
}
