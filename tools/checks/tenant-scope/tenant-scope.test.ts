// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the samples are source code, not templates.
import { describe, expect, it } from 'vitest'
import { findProblems, type Rules } from './find-problems.ts'
import { judgeStatements } from './judge-statements.ts'

const tables = new Map([
  ['calls', 'calls'],
  ['apiKeys', 'api_keys'],
  ['organizations', 'organizations'],
])
const judge = (source: string) => judgeStatements(source, tables)
const isScoped = (source: string) => judge(source).map((statement) => statement.isScoped)

describe('SQL', () => {
  it.each([
    'select 1 from calls where organization_id = ${organizationId}',
    'select 1 from calls c where c.id = ${id} and c.organization_id = ${input.organizationId}',
    'select 1 from calls where organization_id = any(${ids}::text[])',
    'insert into calls (id, organization_id) values (${id}, ${organizationId})',
    'insert into calls ${sql({ organization_id: organizationId, id })}',
    'update organizations set name = ${name} where id = ${input.organizationId}',
    "with own as (select id from calls where organization_id = ${a}) update calls set x = ${sql`'y'`} from own",
  ])('%s says whose', (statement) => {
    expect(isScoped(`await ctx.db.sql\`${statement}\``)).toEqual([true])
  })

  it.each([
    'select 1 from calls where id = ${id}',
    'select organization_id from calls where id = ${id}',
    'select 1 from calls c join api_keys k on k.organization_id = c.organization_id where c.id = ${id}',
    'insert into calls (id) values (${id})',
    'update calls set x = ${sql`(select 1)`} where id = ${id}',
    'delete from calls',
    'select 1 from organizations where name = ${name}',
  ])('%s does not', (statement) => {
    expect(isScoped(`await sql<{ id: string }[]>\`${statement}\``)).toEqual([false])
  })

  it('is found behind types, strings, comments and regular expressions, and named by its function', () => {
    const source = [
      "const mark = 'a ` in a string' // and ` here",
      'const pattern = /[`/]`/',
      'export async function readCall(ctx: Ctx) {',
      '  const [row] = await ctx.db.sql<[{ at: () => Map<string, number> }]>`',
      '    select 1 from calls where id = ${text(`nested ${deeply(`too`)}`)}`',
      '}',
      'function other() {',
      '  return sql`select 1 from dial_gate`',
      '}',
    ]
    expect(judge(source.join('\n'))).toEqual([
      { verb: 'readCall', line: 4, tables: ['calls'], isScoped: false },
    ])
  })
})

describe('drizzle', () => {
  it.each([
    [
      'ctx.db.orm.select().from(calls).where(and(eq(calls.id, id), eq(calls.organizationId, input.organizationId)))',
      true,
    ],
    ['ctx.db.orm.insert(schema.calls).values({ id, organizationId })', true],
    [
      'ctx.db.orm\n  .select()\n  .from(organizations)\n  .where(eq(schema.organizations.id, input.organizationId))',
      true,
    ],
    ['ctx.db.orm.select().from(calls).where(eq(calls.id, id))', false],
    ['ctx.db.orm.select({ o: calls.organizationId }).from(calls)', false],
    [
      'ctx.db.orm.select().from(calls).leftJoin(apiKeys, eq(apiKeys.organizationId, calls.organizationId))',
      false,
    ],
    ['ctx.db.orm.delete(schema.apiKeys).where(eq(apiKeys.id, id))', false],
    ['ctx.db.orm.insert(schema.calls).values({ id })', false],
  ])('%s: %s', (source, expected) => {
    expect(isScoped(`const rows = await ${source}\n`)).toEqual([expected])
  })
})

describe('the rule', () => {
  const source = 'export function findCall() {\n  return sql`select 1 from calls where id = ${id}`\n}\n'
  const rules = (patch: Partial<Rules> = {}): Rules => ({
    tables,
    unscoped: {
      part: [],
      checked: [],
      'by-id': ['calls.ts findCall'],
      carrier: [],
      system: [],
      deployment: [],
    },
    safeReasons: new Set(['part', 'checked']),
    routeExceptions: {},
    ...patch,
  })
  const nothing = { part: [], checked: [], 'by-id': [], carrier: [], system: [], deployment: [] }
  const services = new Map([['calls.ts', source]])
  const route = (path: string) => new Map([[path, "import { findCall } from '@phonevoice/services/calls'\n"]])

  it('is broken by a statement without organization or reason', () => {
    expect(findProblems({ services, routes: new Map() }, rules())).toEqual([])
    const [problem] = findProblems({ services, routes: new Map() }, rules({ unscoped: nothing }))
    expect(problem).toContain('calls.ts:2: findCall touches calls and does not say of which organization')
  })

  it('is broken by a reason that nothing needs', () => {
    const [problem] = findProblems({ services: new Map(), routes: new Map() }, rules())
    expect(problem).toContain('"calls.ts findCall" is not needed')
  })

  it('is broken by a route for users that calls such a verb, not by one for carriers', () => {
    const [problem] = findProblems({ services, routes: route('calls/get.ts') }, rules())
    expect(problem).toContain('calls/get.ts: findCall does not ask whose row it is (by-id)')
    expect(findProblems({ services, routes: route('carriers/twilio/status.ts') }, rules())).toEqual([])
  })

  it('knows exceptions, and those that are not needed', () => {
    const excepted = rules({ routeExceptions: { 'calls/get.ts findCall': 'why' } })
    expect(findProblems({ services, routes: route('calls/get.ts') }, excepted)).toEqual([])
    expect(findProblems({ services, routes: new Map() }, excepted)).toHaveLength(1)
  })
})
