import { type Assistant, assistantSchema } from '@phonevoice/contracts'
import { bindPhoneNumber } from '@phonevoice/services/phone-numbers'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { describeProtection } from '../../testing/describe-protection.ts'
import { bodyOf, problemOf, startTestServer, type TestServer } from '../../testing/test-server.ts'

interface Page {
  data: Assistant[]
  has_more: boolean
  next_cursor: string | null
}

let server: TestServer
beforeAll(async () => {
  server = await startTestServer(inject('postgresUrl'))
})
afterAll(() => server.close())

async function create(json: Record<string, unknown>) {
  const response = await server.request('/v1/assistants', { json })
  return { response, body: await bodyOf<Assistant>(response) }
}

describe('works', () => {
  test('a name is enough, and the answer is complete', async () => {
    const { response, body } = await create({ name: 'Receptionist' })
    expect(response.status).toBe(201)
    expect(response.headers.get('location')).toBe(`/v1/assistants/${body.id}`)
    expect(assistantSchema.parse(body)).toEqual(body)
    const read = await server.request(`/v1/assistants/${body.id}`)
    expect(await read.json()).toEqual(body)
  })

  test('an update merges, and hides and keeps header values', async () => {
    const llm = { provider: 'custom', url: 'https://llm.example.com/v1', headers: { 'X-Key': 'secret' } }
    const { body } = await create({ name: 'Custom', llm })
    expect(body.llm.headers).toEqual({ 'X-Key': '***' })
    const path = `/v1/assistants/${body.id}`
    const response = await server.request(path, {
      method: 'PATCH',
      json: { voice: { speed: 1.5 }, llm: { headers: { 'X-Key': '***' } } },
    })
    const updated = await bodyOf<Assistant>(response)
    expect(updated).toMatchObject({ name: 'Custom', voice: { speed: 1.5, voice_id: body.voice.voice_id } })
    expect(updated.llm.headers).toEqual({ 'X-Key': '***' })
  })

  test('a deleted one is gone', async () => {
    const { body } = await create({ name: 'Gone' })
    const path = `/v1/assistants/${body.id}`
    const deleted = await server.request(path, { method: 'DELETE' })
    expect([deleted.status, await deleted.text()]).toEqual([204, ''])
    expect((await problemOf(await server.request(path))).code).toBe('not_found')
  })

  test('the list is paged newest first, and pages do not overlap', async () => {
    for (const name of ['One', 'Two', 'Three']) {
      server.clock.advance(10)
      await create({ name })
    }
    const first = await bodyOf<Page>(await server.request('/v1/assistants?limit=2'))
    expect(first.data.map((each) => each.name)).toEqual(['Three', 'Two'])
    expect(first.has_more).toBe(true)
    const second = await bodyOf<Page>(
      await server.request(`/v1/assistants?limit=1&cursor=${encodeURIComponent(first.next_cursor ?? '')}`),
    )
    expect(second.data.map((each) => each.name)).toEqual(['One'])
  })
})

describe('refuses', () => {
  test.each([
    [{}, [['/name', 'is required']]],
    [{ name: 'x', nmae: 'y' }, [['/nmae', 'is not a field of this request']]],
    [{ name: 'x', llm: { modle: 'y' } }, [['/llm/modle', 'is not a field of this request']]],
    [{ name: 'x', llm: { provider: 'custom' } }, [['/llm/url', 'is required when llm.provider is "custom"']]],
  ])('%j', async (json, expected) => {
    const { response } = await create(json).catch(() => ({ response: null }))
    expect(response?.status).toBe(422)
    const problem = await problemOf(await server.request('/v1/assistants', { json }))
    expect(problem.code).toBe('invalid_request')
    expect(problem.errors.map((each) => [each.pointer, each.message])).toEqual(expected)
  })

  test('a webhook URL that cannot be one', async () => {
    const problem = await problemOf(
      await server.request('/v1/assistants', { json: { name: 'x', webhook_url: 'ftp://example.com' } }),
    )
    expect(problem.code).toBe('invalid_webhook_url')
  })

  test('a cursor of its own making, a limit out of bounds, a parameter it does not know', async () => {
    const codeOf = async (query: string) =>
      (await problemOf(await server.request(`/v1/assistants?${query}`))).code
    expect(await codeOf('cursor=nonsense')).toBe('invalid_cursor')
    expect(await codeOf('limit=101')).toBe('invalid_request')
    expect(await codeOf('lmit=1')).toBe('invalid_request')
  })

  test('deleting one that answers a number', async () => {
    const { body } = await create({ name: 'Busy' })
    const { organizationId } = server.mine
    await bindPhoneNumber(server.context, {
      organizationId,
      mode: 'test',
      phoneNumber: '+12025550199',
      assistantId: body.id,
    })
    const response = await server.request(`/v1/assistants/${body.id}`, { method: 'DELETE' })
    expect((await problemOf(response)).code).toBe('assistant_in_use')
  })
})

const one = (owner: 'mine' | 'theirs') => `/v1/assistants/${server[owner].assistantId}`
const unknownPath = '/v1/assistants/asst_00000000000000000000000000'
describeProtection(() => server, {
  create: { method: 'POST', path: () => '/v1/assistants', json: { name: 'x' } },
  list: { method: 'GET', path: () => '/v1/assistants' },
  get: { method: 'GET', path: one, unknownPath },
  update: { method: 'PATCH', path: one, json: { name: 'x' }, unknownPath },
  delete: { method: 'DELETE', path: one, unknownPath },
})

test("an organization's list holds nothing of another's", async () => {
  const list = await bodyOf<Page>(await server.request('/v1/assistants?limit=100'))
  expect(list.data.map((each) => each.id)).not.toContain(server.theirs.assistantId)
})
