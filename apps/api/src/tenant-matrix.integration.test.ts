/**
 * Goal: whatever id a request names, what is not the key's own looks like nothing at all, byte for byte, and stays as it was; and a key does what its
 * scopes say and nothing else. Method: the description lists every route, path, query and body; a route that is not in the tables below fails.
 */
import { SCOPES, type Scope } from '@phonevoice/contracts'
import { createApiKey } from '@phonevoice/services/api-keys'
import { setLimits } from '@phonevoice/services/limits'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createDocument } from './openapi.ts'
import { allRows } from './testing/all-rows.ts'
import { idsOf, type Kind, THINGS, unknownIdOf } from './testing/tenant-things.ts'
import { startTestServer, type TestServer } from './testing/test-server.ts'

interface Operation {
  operationId: string
  security?: { bearer: Scope[] }[]
  parameters?: { in: string; name: string }[]
  requestBody?: { content: Record<string, { schema: { $ref: string } }> }
}

const document = createDocument() as unknown as {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, { properties?: Record<string, unknown> }> }
}
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    method: method.toUpperCase(),
    path,
    ...operation,
  })),
)
const secured = operations.filter(({ path }) => path.startsWith('/v1/'))

/** Whose id stands behind a collection's name in a path. */
const KINDS: Readonly<Record<string, Kind>> = {
  calls: 'call',
  assistants: 'assistant',
  'phone-numbers': 'phoneNumber',
  'webhook-endpoints': 'webhookEndpoint',
  deliveries: 'delivery',
  'do-not-call': 'doNotCall',
  'api-keys': 'apiKey',
}

/** A body that each route with an id in its path would take, so that only the id is wrong. */
const BODIES: Readonly<Record<string, unknown>> = {
  endCall: {},
  sayOnCall: { text: 'Hello.' },
  addCallContext: { text: 'The caller is a regular.' },
  pressCallKeys: { digits: '1' },
  muteCall: { muted: true },
  updateAssistant: { name: 'Eve' },
  updateWebhookEndpoint: { enabled: false },
  redeliverFailed: { since: '2020-01-01T00:00:00Z' },
  rotateApiKey: {},
}

/** Ids in bodies: the code that refuses every foreign one alike, and a body that names it. */
const BODY_REFERENCES: Readonly<Record<string, { kind: Kind; code: string; body(id: string): unknown }>> = {
  'CallCreate.assistant_id': {
    kind: 'assistant',
    code: 'unknown_assistant',
    body: (id) => ({ phone_number: '+12025550100', assistant_id: id }),
  },
  'PhoneNumberBind.assistant_id': {
    kind: 'assistant',
    code: 'unknown_assistant',
    body: (id) => ({ phone_number: '+12025550190', assistant_id: id }),
  },
}

/** Ids in queries, and how a thing of that kind is found by them. */
const QUERY_REFERENCES: Readonly<Record<string, Kind>> = {
  'listCalls.assistant_id': 'assistant',
  'listDeliveries.endpoint_id': 'webhookEndpoint',
  'listDeliveries.call_id': 'call',
  'listAuditEntries.resource_id': 'apiKey',
}

let server: TestServer
beforeAll(async () => {
  server = await startTestServer(inject('postgresUrl'))
  for (const { organizationId } of [server.mine, server.theirs])
    await setLimits(server.context, { organizationId, change: { requestsPerSecond: 1_000_000 } })
})
afterAll(() => server.close())

/** Everything of an answer but what names the request and counts it. */
async function answerOf(method: string, path: string, json: unknown, key = server.mine.testKey) {
  const response = await server.request(path, { method, key, ...(json === undefined ? {} : { json }) })
  const headers = Object.fromEntries(response.headers)
  for (const name of ['x-request-id', 'date', 'ratelimit']) delete headers[name]
  return { status: response.status, headers, body: (await response.text()).replace(/"req_\w+"/, '"req"') }
}

/** Uses of keys are noted beside the request, so they may come at any time. */
const snapshot = () => allRows(server, ['last_used_at'])

test('every route under /v1 is described, and none outside of it takes a key', () => {
  const described = new Set(
    operations.map(({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
  )
  const served = server.server.app.routes.filter(
    ({ method, path }) => method !== 'ALL' && path.startsWith('/v1/'),
  )
  expect(
    served.map(({ method, path }) => `${method} ${path}`).filter((route) => !described.has(route)),
  ).toEqual([])
  for (const { operationId, path, security } of operations)
    expect(security?.[0]?.bearer.length ?? 0, operationId).toBe(path.startsWith('/v1/') ? 1 : 0)
})

describe('an id in a path', () => {
  const withId = secured.filter(({ path }) => path.includes('{'))

  test.each(withId.map((operation) => [operation.operationId, operation] as const))(
    '%s',
    async (_, operation) => {
      const { method, path, operationId, requestBody } = operation
      const [, collection = '', ...rest] = /^\/v1\/([\w-]+)\/\{id\}[^{]*$/.exec(path) ?? []
      const kind = KINDS[collection]
      if (!kind || rest.length > 0) throw new Error(`Say in KINDS what ${path} names.`)
      if (requestBody && !(operationId in BODIES))
        throw new Error(`Give BODIES a body that ${operationId} takes.`)
      const json = BODIES[operationId]
      const at = (id: string) => path.replace('{id}', id)
      const { own, others } = await idsOf(server, kind)

      const before = await snapshot()
      const nothing = await answerOf(method, at(unknownIdOf(kind)), json)
      expect(nothing.status).toBe(404)
      expect(JSON.parse(nothing.body).code).toBe('not_found')
      for (const [what, id] of others) expect(await answerOf(method, at(id), json), what).toEqual(nothing)
      if (THINGS[kind].isModeBound)
        expect(await answerOf(method, at(own), json, server.mine.liveKey), 'the other mode').toEqual(nothing)
      expect(await snapshot()).toEqual(before)

      // What is the key's own is seen; otherwise all of the above would say nothing.
      const controller = new AbortController()
      const seen = await fetch(server.url + at(own), {
        method,
        headers: { authorization: `Bearer ${server.mine.testKey}`, 'content-type': 'application/json' },
        signal: controller.signal,
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      })
      const code = seen.ok ? null : ((await seen.json()) as { code: string }).code
      expect(code).not.toBe('not_found')
      controller.abort()
    },
  )
})

describe('an id in a body', () => {
  /** Names of a vendor's things, not of ours. */
  const NOT_OURS = ['voice_id']
  const references = secured.flatMap(({ requestBody, ...operation }) => {
    const name = requestBody?.content['application/json']?.schema.$ref.split('/').at(-1) ?? ''
    return idsIn(name).map((property) => ({ ...operation, reference: `${name}.${property}` }))
  })

  function idsIn(schema: string): string[] {
    const text = JSON.stringify(document.components.schemas[schema] ?? {})
    const names = [...text.matchAll(/"(\w+_ids?)":\{/g)].map((match) => match[1] ?? '')
    return [...new Set(names)].filter((name) => !NOT_OURS.includes(name))
  }

  test('is found at all', () => {
    expect(references.map(({ reference }) => reference).sort()).toEqual(Object.keys(BODY_REFERENCES).sort())
  })

  test.each(references)('$operationId $reference', async ({ method, path, reference }) => {
    const known = BODY_REFERENCES[reference]
    if (!known) throw new Error(`Say in BODY_REFERENCES what ${reference} names.`)
    const { kind, code, body } = known
    const { own, others } = await idsOf(server, kind)
    const before = await snapshot()
    const nothing = await answerOf(method, path, body(unknownIdOf(kind)))
    expect([nothing.status, JSON.parse(nothing.body).code]).toEqual([422, code])
    for (const [what, id] of others)
      expect(await answerOf(method, path, body(decodeURIComponent(id))), what).toEqual(nothing)
    expect(await snapshot()).toEqual(before)
    expect((await answerOf(method, path, body(own))).status).toBeLessThan(300)
  })
})

describe('an id in a query', () => {
  const references = secured.flatMap(({ parameters = [], ...operation }) =>
    parameters
      .filter((parameter) => parameter.in === 'query' && parameter.name.endsWith('_id'))
      .map(({ name }) => ({ ...operation, name, reference: `${operation.operationId}.${name}` })),
  )

  test('is found at all', () => {
    expect(references.map(({ reference }) => reference).sort()).toEqual(Object.keys(QUERY_REFERENCES).sort())
  })

  test.each(references)('$reference', async ({ path, name, reference }) => {
    const kind = QUERY_REFERENCES[reference]
    if (!kind) throw new Error(`Say in QUERY_REFERENCES what ${reference} names.`)
    const { others } = await idsOf(server, kind)
    const nothing = await answerOf('GET', `${path}?${name}=${unknownIdOf(kind)}`, undefined)
    expect(JSON.parse(nothing.body).data).toEqual([])
    // A deleted thing's calls and deliveries are still there to be found.
    for (const [what, id] of others.filter(([what]) => what !== 'deleted'))
      expect(await answerOf('GET', `${path}?${name}=${id}`, undefined), what).toEqual(nothing)
  })
})

describe('a scope', () => {
  const all = Object.keys(SCOPES) as Scope[]
  const keyWith = async (scopes: Scope[]) =>
    (await createApiKey(server.context, { ...server.mine, mode: 'test', name: 'k', scopes })).key

  test.each(secured.map((operation) => [operation.operationId, operation] as const))(
    '%s needs its own, and no other',
    async (_, { method, path, security }) => {
      const scope = security?.[0]?.bearer[0]
      if (!scope) throw new Error('no scope')
      const at = path.replace('{id}', 'x')
      const without = await keyWith(all.filter((one) => one !== scope))
      const before = await snapshot()
      const refused = await answerOf(method, at, undefined, without)
      expect(refused.status).toBe(403)
      expect(refused.headers['www-authenticate']).toBe(`Bearer error="insufficient_scope", scope="${scope}"`)
      expect(JSON.parse(refused.body)).toMatchObject({
        code: 'insufficient_scope',
        detail: expect.stringContaining(`"${scope}"`),
      })
      expect(await snapshot()).toEqual(before)
      expect((await answerOf(method, at, undefined, await keyWith([scope]))).status).not.toBe(403)
    },
  )
})
