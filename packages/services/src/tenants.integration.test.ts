/** What holds for every verb: an organization never sees another's things, and no secret is readable in the database. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createApiKey, listApiKeys, revokeApiKey } from './api-keys/index.ts'
import {
  createAssistant,
  deleteAssistant,
  getAssistant,
  listAssistants,
  updateAssistant,
} from './assistants/index.ts'
import { endCall, getCall, getTranscript, listCalls, listEvents } from './calls/index.ts'
import { addCarrierAccount, listCarrierAccounts, resolveCarrierAccount } from './carrier-accounts/index.ts'
import { createOrganization, getWebhookSecret, rotateWebhookSecret } from './organizations/index.ts'
import {
  addPhoneNumber,
  bindPhoneNumber,
  listPhoneNumbers,
  unbindPhoneNumber,
} from './phone-numbers/index.ts'
import { getRecording, revokeRecordingLinks } from './recordings/index.ts'
import { createTenant, createTestCall, type Tenant } from './testing/test-calls.ts'
import { createTestContext, type TestContext } from './testing/test-context.ts'

let ctx: TestContext
let mine: Tenant
let theirs: Tenant

beforeAll(async () => {
  ctx = await createTestContext(inject('postgresUrl'))
  mine = await createTenant(ctx)
  theirs = await createTenant(ctx)
})
afterAll(() => ctx.db.drop())

describe('isolation', () => {
  it('answers for a foreign id exactly as for one that does not exist', async () => {
    const callId = await createTestCall(ctx, theirs)
    const key = await createApiKey(ctx, { organizationId: theirs.organizationId, mode: 'test', name: 'k' })
    const number = await bindPhoneNumber(ctx, { ...theirs, mode: 'test', phoneNumber: '+12025550195' })
    const { organizationId } = mine
    const missing = (id: string) => `${id.slice(0, -4)}zzzz`
    const verbs: ((swap: (id: string) => string) => Promise<unknown>)[] = [
      (swap) => getCall(ctx, { organizationId, callId: swap(callId) }),
      (swap) => endCall(ctx, { organizationId, callId: swap(callId) }),
      (swap) => listEvents(ctx, { organizationId, callId: swap(callId), after: 0 }),
      (swap) => getTranscript(ctx, { organizationId, callId: swap(callId) }),
      (swap) => getRecording(ctx, { organizationId, callId: swap(callId) }),
      (swap) => revokeRecordingLinks(ctx, { organizationId, callId: swap(callId) }),
      (swap) => getAssistant(ctx, { organizationId, assistantId: swap(theirs.assistantId) }),
      (swap) => updateAssistant(ctx, { organizationId, assistantId: swap(theirs.assistantId), patch: {} }),
      (swap) => deleteAssistant(ctx, { organizationId, assistantId: swap(theirs.assistantId) }),
      (swap) => revokeApiKey(ctx, { organizationId, keyId: swap(key.id) }),
      (swap) =>
        unbindPhoneNumber(ctx, { organizationId, mode: 'test', phoneNumberId: swap(number.resource.id) }),
    ]
    for (const verb of verbs) {
      const foreign = await verb((id) => id).catch((error) => error)
      const nothing = await verb(missing).catch((error) => error)
      expect(foreign).toMatchObject({ name: 'NotFound', code: 'not_found' })
      expect(foreign).toEqual(nothing)
    }
    expect(await getCall(ctx, { ...theirs, callId })).toMatchObject({ status: 'queued' })
  })

  it('does not show a call of one mode to a key of the other', async () => {
    const callId = await createTestCall(ctx, mine)
    const asked = getCall(ctx, { ...mine, callId, mode: 'live' })
    await expect(asked).rejects.toMatchObject({ code: 'not_found' })
    await expect(listEvents(ctx, { ...mine, callId, mode: 'live', after: 0 })).rejects.toMatchObject({
      code: 'not_found',
    })
    expect((await listCalls(ctx, { ...mine, mode: 'live' })).items).toEqual([])
  })

  it('lists only what belongs to the organization', async () => {
    const { organizationId } = mine
    const ids = [
      ...(await listCalls(ctx, { organizationId, mode: 'test' })).items.map((call) => call.organizationId),
      ...(await listAssistants(ctx, { organizationId })).items.map((item) => item.id),
      ...(await listPhoneNumbers(ctx, { organizationId, mode: 'test' })).items.map((item) => item.id),
      ...(await listApiKeys(ctx, { organizationId })).items.map((item) => item.id),
      ...(await listCarrierAccounts(ctx, { organizationId })).map((item) => item.id),
    ]
    expect(new Set(ids)).toEqual(new Set([organizationId, mine.assistantId]))
  })

  it('pages through a list without repeating or missing any, also among equal times', async () => {
    const tenant = await createTenant(ctx)
    const made: string[] = []
    for (let i = 0; i < 7; i++) {
      made.push(await createTestCall(ctx, tenant))
      if (i % 3 === 0) ctx.clock.advance(1)
    }
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await listCalls(ctx, { ...tenant, mode: 'test', limit: 2, cursor })
      seen.push(...page.items.map((call) => call.id))
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined)
    expect(seen).toHaveLength(7)
    expect(new Set(seen)).toEqual(new Set(made))
    for (const bad of ['x', '', 'WzEsMl0', Buffer.from('[1e300,"a"]').toString('base64url')])
      await expect(listCalls(ctx, { ...tenant, mode: 'test', cursor: bad })).rejects.toMatchObject({
        code: 'invalid_cursor',
      })
  })
})

describe('text that Postgres cannot keep', () => {
  it.each(['a\0b', '\ud800', '\udc00x'])('%j is refused with its place, whoever calls', async (text) => {
    const settings = { name: 'x', end_call: { phrases: ['bye', text] } }
    const refusal = { code: 'invalid_request', fields: [{ pointer: '/end_call/phrases/1' }] }
    await expect(createAssistant(ctx, { ...mine, settings })).rejects.toMatchObject(refusal)
    await expect(updateAssistant(ctx, { ...mine, patch: settings })).rejects.toMatchObject(refusal)
    const named = { code: 'invalid_request', fields: [{ pointer: '/name' }] }
    await expect(createOrganization(ctx, { name: text })).rejects.toMatchObject(named)
    await expect(createApiKey(ctx, { ...mine, mode: 'test', name: text })).rejects.toMatchObject(named)
  })
})

describe('numbers', () => {
  it('binds a sandbox number for one organization at a time', async () => {
    const bind = (tenant: Tenant) =>
      bindPhoneNumber(ctx, { ...tenant, mode: 'test', phoneNumber: '+12025550199' })
    const first = await bind(mine)
    expect(await bind(mine)).toEqual(first)
    await expect(bind(theirs)).rejects.toMatchObject({ code: 'phone_number_taken' })
    await expect(deleteAssistant(ctx, mine)).rejects.toMatchObject({ code: 'assistant_in_use' })
    await unbindPhoneNumber(ctx, { ...mine, mode: 'test', phoneNumberId: first.resource.id })
    expect((await bind(theirs)).resource.assistant_id).toBe(theirs.assistantId)
    const other = { ...mine, mode: 'test', phoneNumber: '+12025550100' } as const
    await expect(bindPhoneNumber(ctx, other)).rejects.toMatchObject({ code: 'number_not_owned' })
    const foreign = {
      ...mine,
      assistantId: theirs.assistantId,
      mode: 'test',
      phoneNumber: '+12025550198',
    } as const
    await expect(bindPhoneNumber(ctx, foreign)).rejects.toMatchObject({ code: 'unknown_assistant' })
  })

  it('binds a live number only for the organization that owns it', async () => {
    const account = {
      carrier: 'twilio',
      accountSid: 'AC1',
      authToken: 't',
      baseUrl: 'https://api.twilio.com/',
    } as const
    const { id: carrierAccountId } = await addCarrierAccount(ctx, { ...mine, ...account })
    const phoneNumber = '+14155552671'
    const live = { mode: 'live', phoneNumber } as const
    await expect(bindPhoneNumber(ctx, { ...mine, ...live })).rejects.toMatchObject({
      code: 'number_not_owned',
    })
    await addPhoneNumber(ctx, { ...mine, carrierAccountId, phoneNumber })
    expect(await bindPhoneNumber(ctx, { ...mine, ...live })).toMatchObject({ carrierAccountId })
    await expect(bindPhoneNumber(ctx, { ...theirs, ...live })).rejects.toMatchObject({
      code: 'phone_number_taken',
    })
    await expect(addPhoneNumber(ctx, { ...theirs, carrierAccountId, phoneNumber })).rejects.toMatchObject({
      code: 'not_found',
    })
    expect(await resolveCarrierAccount(ctx, { ...mine, mode: 'live' })).toEqual({
      ...account,
      baseUrl: 'https://api.twilio.com',
    })
    await expect(resolveCarrierAccount(ctx, { ...theirs, mode: 'live' })).rejects.toMatchObject({
      code: 'carrier_not_configured',
    })
  })
})

describe('secrets', () => {
  it('keeps none of them readable in any row', async () => {
    const { organizationId } = mine
    const header = 'canary-header-value'
    const llm = {
      provider: 'custom',
      url: 'https://llm.example.com/v1',
      headers: { 'X-Key': header },
    } as const
    const assistant = await createAssistant(ctx, { organizationId, settings: { name: 'S', llm } })
    await createTestCall(ctx, { organizationId, assistantId: assistant.id })
    await addCarrierAccount(ctx, {
      organizationId,
      carrier: 'twilio',
      accountSid: 'AC2',
      authToken: 'canary-carrier-token',
      baseUrl: 'https://api.twilio.com',
    })
    const { key } = await createApiKey(ctx, { organizationId, mode: 'live', name: 'k' })
    const { next } = await rotateWebhookSecret(ctx, { organizationId })
    const { current } = await getWebhookSecret(ctx, { organizationId })
    const everything = await dump()
    expect(everything).toContain(assistant.id)
    for (const secret of [header, 'canary-carrier-token', key, key.slice(8), next, current])
      expect(everything).not.toContain(secret)
  })

  it('keeps a hidden header through an update, and replaces one that is sent', async () => {
    const { organizationId } = mine
    const llm = { headers: { A: 'first-value', B: 'second-value' } }
    const made = await createAssistant(ctx, { organizationId, settings: { name: 'H', llm } })
    expect(made.llm.headers).toEqual({ A: '***', B: '***' })
    const before = await sealedHeaders(made.id)
    const patch = { llm: { headers: { A: '***', B: 'changed' } } }
    const updated = await updateAssistant(ctx, { organizationId, assistantId: made.id, patch })
    expect(updated.llm.headers).toEqual({ A: '***', B: '***' })
    const after = await sealedHeaders(made.id)
    expect(after.A).toBe(before.A)
    expect(await ctx.secrets.open(organizationId, after.B ?? '', `llm-header:${organizationId}`)).toBe(
      'changed',
    )
  })

  it('loses no update when several change one assistant at once', async () => {
    const { organizationId } = mine
    const { id: assistantId } = await createAssistant(ctx, { organizationId, settings: { name: 'U' } })
    const patches = [
      { language: 'fr-FR' },
      { instructions: 'Be brief.' },
      { first_message: null },
      { keypad: { max_digits: 3 } },
    ]
    await Promise.all(patches.map((patch) => updateAssistant(ctx, { organizationId, assistantId, patch })))
    expect(await getAssistant(ctx, { organizationId, assistantId })).toMatchObject({
      language: 'fr-FR',
      instructions: 'Be brief.',
      first_message: null,
      keypad: { max_digits: 3, terminator: '#' },
    })
  })
})

async function sealedHeaders(assistantId: string): Promise<Record<string, string>> {
  const [row] = await ctx.db.sql`select settings from assistants where id = ${assistantId}`
  return row?.settings.llm.headers
}

/** Every row of every table as text. */
async function dump(): Promise<string> {
  const { sql } = ctx.db
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'public'`
  const texts = await Promise.all(tables.map(({ name }) => sql`select t::text as text from ${sql(name)} t`))
  return texts.flatMap((rows) => rows.map((row) => row.text)).join('\n')
}
