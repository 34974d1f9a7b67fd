import { judgeStatements, type TenantTables } from './judge-statements.ts'
import type { Reason } from './unscoped-verbs.ts'

export interface Rules {
  tables: TenantTables
  unscoped: Readonly<Record<Reason, readonly string[]>>
  safeReasons: ReadonlySet<Reason>
  routeExceptions: Readonly<Record<string, string>>
}

/** Sources by their paths: below packages/services/src and below apps/api/src/routes. */
export interface Sources {
  services: ReadonlyMap<string, string>
  routes: ReadonlyMap<string, string>
}

/** Sentences about what could reach rows of another organization by accident; none: it cannot. */
export function findProblems({ services, routes }: Sources, rules: Rules): string[] {
  return [...statementProblems(services, rules), ...routeProblems(routes, rules)]
}

function statementProblems(services: Sources['services'], rules: Rules): string[] {
  const listed = new Set(Object.values(rules.unscoped).flat())
  const needed = new Set<string>()
  const problems: string[] = []
  for (const [file, source] of services) {
    for (const { verb, line, tables, isScoped } of judgeStatements(source, rules.tables)) {
      if (isScoped) continue
      const entry = `${file} ${verb}`
      needed.add(entry)
      if (!listed.has(entry))
        problems.push(
          `packages/services/src/${file}:${line}: ${verb} touches ${tables.join(', ')} and does not say of which organization. Compare organization_id with a value, or give a reason in tools/checks/tenant-scope/unscoped-verbs.ts.`,
        )
    }
  }
  for (const entry of listed)
    if (!needed.has(entry))
      problems.push(`tools/checks/tenant-scope/unscoped-verbs.ts: "${entry}" is not needed any more.`)
  return problems
}

/** Carriers prove themselves otherwise than users, and may name what they know. */
const CARRIER_ROUTES = 'carriers/'

function routeProblems(routes: Sources['routes'], rules: Rules): string[] {
  const unsafe = new Map<string, Reason>()
  for (const [reason, entries] of Object.entries(rules.unscoped) as [Reason, readonly string[]][])
    if (!rules.safeReasons.has(reason))
      for (const entry of entries) unsafe.set(entry.split(' ')[1] ?? '', reason)
  const unused = new Set(Object.keys(rules.routeExceptions))
  const problems: string[] = []
  for (const [file, source] of routes) {
    if (file.startsWith(CARRIER_ROUTES)) continue
    for (const verb of importedVerbs(source)) {
      const reason = unsafe.get(verb)
      if (reason === undefined || unused.delete(`${file} ${verb}`)) continue
      problems.push(
        `apps/api/src/routes/${file}: ${verb} does not ask whose row it is (${reason}). Call a verb that takes the organization, or give a reason in ROUTE_EXCEPTIONS.`,
      )
    }
  }
  for (const entry of unused)
    problems.push(
      `tools/checks/tenant-scope/unscoped-verbs.ts: the exception "${entry}" is not needed any more.`,
    )
  return problems
}

function importedVerbs(source: string): string[] {
  const imports = source.matchAll(/import \{([^}]*)\} from '@phonevoice\/services\//g)
  return [...imports].flatMap((match) => match[1]?.match(/\w+/g) ?? [])
}
