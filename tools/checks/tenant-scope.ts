/**
 * Every statement on rows of organizations says whose rows it means, or is listed with the reason why it may not; and no route for users calls one that
 * does not. docs/decisions/0008-a-query-names-its-organization.md tells why this is checked here and not by the database.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { schema } from '@phonevoice/db'
import { findProblems } from './tenant-scope/find-problems.ts'
import { ROUTE_EXCEPTIONS, SAFE_REASONS, UNSCOPED_VERBS } from './tenant-scope/unscoped-verbs.ts'

/** Tables of the deployment's own; every other one, a new one included, belongs to organizations. */
const DEPLOYMENT_TABLES = ['mediaNodes', 'dialGate', 'rateBuckets']

const tables = new Map<string, string>()
for (const [name, table] of Object.entries(schema)) {
  const nameInDatabase: unknown = Reflect.get(table, Symbol.for('drizzle:Name'))
  if (typeof nameInDatabase === 'string' && !DEPLOYMENT_TABLES.includes(name))
    tables.set(name, nameInDatabase)
}

const problems = findProblems(
  { services: sourcesIn('packages/services/src'), routes: sourcesIn('apps/api/src/routes') },
  {
    tables,
    unscoped: UNSCOPED_VERBS,
    safeReasons: SAFE_REASONS,
    routeExceptions: ROUTE_EXCEPTIONS,
  },
)
for (const problem of problems) console.error(problem)
process.exitCode = problems.length > 0 ? 1 : 0

function sourcesIn(folder: string): Map<string, string> {
  const isProduct = (path: string) => path.endsWith('.ts') && !/\.test\.ts$|^testing\/|test-world/.test(path)
  return new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(isProduct)
      .sort()
      .map((path) => [path, readFileSync(join(folder, path), 'utf8')]),
  )
}
