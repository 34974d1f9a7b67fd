/**
 * Goal: nothing secret and nothing that was said turns up where it does not belong. Method: something unmistakable is put into every place that holds a
 * secret, live calls are made that succeed, and that fail at each vendor, each of which throws back at us whatever we sent; then logs, error answers,
 * webhooks, queue and audit log are searched. That the vendors were asked with the canaries, and that the search finds what it should, is shown as well.
 */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { silentLog, systemClock } from '@phonevoice/base'
import { createSandbox, type Sandbox } from '@phonevoice/sandbox'
import { createApiKey } from '@phonevoice/services/api-keys'
import { addCarrierAccount } from '@phonevoice/services/carrier-accounts'
import type { ServiceContext } from '@phonevoice/services/context'
import { createOrganization } from '@phonevoice/services/organizations'
import { addPhoneNumber } from '@phonevoice/services/phone-numbers'
import { createSecretBox, readMasterKeys } from '@phonevoice/services/secrets'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'
import { until } from './until.ts'

const canary = (name: string) => `${name}canary${randomBytes(6).toString('hex')}`

/** In the configuration of the deployment. */
const OPERATOR = {
  openai: `sk-${canary('openai')}`,
  deepgram: canary('deepgram'),
  elevenlabs: canary('elevenlabs'),
}
const OUR_NUMBER = '+12025550195'
const LISTED_NUMBER = '+12025550177'
const WORDS = canary('words')

describe.concurrent.each([
  ['Postgres', (): string | null => null],
  ['Redis', (): string | null => inject('redisUrl') && `${inject('redisUrl')}/6`],
] as const)('with the queue on %s', (backend, redisUrl) => {
  const isMissing = backend === 'Redis' && redisUrl() === null
  const accountSid = `AC${randomBytes(16).toString('hex')}`
  /** Of the organization; filled in as they are made. */
  const secrets = {
    ...OPERATOR,
    carrierToken: canary('carrier'),
    llmHeader: canary('llmheader'),
    toolHeader: canary('toolheader'),
    webhookQuery: canary('query'),
  } as Record<string, string>
  const people = { words: WORDS, listed: LISTED_NUMBER.slice(1) } as Record<string, string>
  let readJobs: () => Promise<string>
  const echo = { url: '', requests: [] as string[], close: async () => {} }
  const problems: string[] = []
  let outside: Sandbox
  let system: System
  let key = ''

  beforeAll(async () => {
    if (isMissing) return
    outside = await createSandbox({
      accountSid,
      authToken: secrets.carrierToken ?? '',
      ringTimeScale: 0.1,
      log: silentLog,
    })
    const origin = new URL(outside.urls.providers_url).origin
    system = await startSystem({
      serverUrl: inject('postgresUrl'),
      redisUrl: redisUrl(),
      env: {
        OPENAI_BASE_URL: outside.urls.providers_url,
        OPENAI_API_KEY: OPERATOR.openai,
        DEEPGRAM_BASE_URL: origin,
        DEEPGRAM_API_KEY: OPERATOR.deepgram,
        ELEVENLABS_BASE_URL: origin,
        ELEVENLABS_API_KEY: OPERATOR.elevenlabs,
      },
    })
    readJobs = await watchQueue(system, redisUrl())
    await startEcho(echo)
    await setUp()
  })
  afterAll(async () => {
    await system?.stop()
    await outside?.close()
    await echo.close()
  })

  /** The organization, by the verbs that `npm run admin` uses. */
  async function setUp(): Promise<void> {
    const { environment, urls } = system.installation
    const ctx: ServiceContext = {
      db: system.database,
      clock: systemClock,
      log: silentLog,
      secrets: createSecretBox({
        db: system.database,
        masterKeys: readMasterKeys(environment.SECRETS_KEY ?? '', undefined),
      }),
      wake() {},
      publish() {},
      settings: { apiOrigin: urls.api, sandbox: null },
    }
    const { id: organizationId, webhookSecret } = await createOrganization(ctx, { name: 'Canaries' })
    const made = await createApiKey(ctx, { organizationId, mode: 'live', name: 'live' })
    const account = await addCarrierAccount(ctx, {
      organizationId,
      carrier: 'twilio',
      accountSid,
      authToken: secrets.carrierToken ?? '',
      baseUrl: outside.urls.carrier_url,
    })
    const phoneNumber = OUR_NUMBER
    await addPhoneNumber(ctx, { organizationId, carrierAccountId: account.id, phoneNumber })
    key = made.key
    secrets.apiKey = made.key
    secrets.webhookSecret = webhookSecret
    secrets.masterKey = environment.SECRETS_KEY ?? ''
  }

  function api(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    return system.api(method, path, body, { authorization: `Bearer ${key}`, ...headers })
  }

  /** Something that is refused; what is answered is searched. */
  async function refused(...request: Parameters<typeof api>): Promise<void> {
    const { status, text, headers } = await api(...request)
    expect({ status, type: headers.get('content-type') }).toEqual({
      status: expect.toSatisfy((code: number) => code >= 400),
      type: 'application/problem+json',
    })
    problems.push(text)
  }

  const phone = async (number: string, steps: Record<string, unknown>[], more = {}) => {
    people[number] = number.slice(1)
    const url = `${outside.urls.carrier_url}/sandbox/phones/${encodeURIComponent(number)}`
    const put = await fetch(url, { method: 'PUT', body: JSON.stringify({ steps, ...more }) })
    expect(put.status, await put.text()).toBeLessThan(300)
  }
  const fault = (body: Record<string, unknown>) =>
    fetch(new URL('/sandbox/faults', outside.urls.providers_url), {
      method: 'POST',
      body: JSON.stringify(body),
    })

  /** Makes a call and answers with its id. */
  async function place(number: string, settings: Record<string, unknown>): Promise<string> {
    const assistant = await api('POST', '/v1/assistants', {
      name: 'Canary',
      first_message: null,
      ...settings,
    })
    expect(assistant.status, assistant.text).toBe(201)
    const call = await api(
      'POST',
      '/v1/calls',
      {
        phone_number: number,
        assistant_id: assistant.body.id,
        webhook_url: `${echo.url}/hook?token=${secrets.webhookQuery}`,
        variables: { note: WORDS },
        metadata: { note: WORDS },
      },
      { 'idempotency-key': `for ${number}` },
    )
    expect(call.status, call.text).toBe(201)
    return call.body.id
  }

  it.skipIf(isMissing)('secrets and words stay where they belong', async () => {
    const says = [
      { do: 'say', text: `My pin is ${WORDS}, look it up.` },
      { do: 'listen', silence_ms: 300, timeout_ms: 2500 },
      { do: 'hang-up' },
    ]
    const [spoken, failing, unlistened, unspoken, busy] = ['40', '41', '42', '43', '44'].map(
      (end) => `+120255501${end}`,
    )
    for (const number of [spoken, failing, unlistened, unspoken]) await phone(number ?? '', says)
    await phone(busy ?? '', [], { when_called: 'busy' })

    const tool = {
      type: 'http',
      name: 'look_up',
      description: 'Looks it up.',
      url: `${echo.url}/tool`,
      headers: { 'X-Key': secrets.toolHeader },
      parameters: { type: 'object', properties: { pin: { type: 'string' } }, required: ['pin'] },
    }
    const own = (path: string) => ({
      provider: 'custom',
      url: `${echo.url}${path}`,
      headers: { Authorization: `Bearer ${secrets.llmHeader}` },
    })
    const message = `You sent ${WORDS} with ${OPERATOR.openai} and ${OPERATOR.deepgram} about +12025550142`
    await fault({ target: 'transcription', kind: 'error-payload', message, times: 2 })
    await fault({ target: 'speech', kind: 'status', status: 500, message, times: 2 })
    await fault({ target: 'chat', kind: 'status', status: 401, message, times: 2 })
    await fetch(`${outside.urls.carrier_url}/sandbox/faults`, {
      method: 'PUT',
      body: JSON.stringify({
        faults: [{ on: 'rest', kind: 'rate-limit', operation: 'POST Calls.json', times: 1 }],
      }),
    })
    const calls = await Promise.all([
      place(spoken ?? '', {
        llm: own('/llm'),
        tools: [tool],
        turn_taking: { early_thinking: { enabled: false } },
      }),
      place(failing ?? '', { llm: own('/failing-llm') }),
      place(unlistened ?? '', { transcriber: { provider: 'deepgram' }, voice: { provider: 'elevenlabs' } }),
      place(unspoken ?? '', { voice: { provider: 'openai' }, instructions: WORDS }),
      place(busy ?? '', {}),
    ])

    // Meanwhile: answers that are errors, with canaries in what was asked.
    await refused('GET', '/v1/calls', undefined, { authorization: `Bearer ${key}x` })
    await refused('POST', '/v1/calls', {
      phone_number: WORDS,
      assistant_id: WORDS,
      webhook_url: WORDS,
      variables: WORDS,
    })
    await refused('POST', '/v1/assistants', { name: 'x', llm: { ...own('/llm'), secret: secrets.llmHeader } })
    await refused('POST', '/v1/assistants', `{"name": "${WORDS}"`, { 'content-type': 'application/json' })
    await refused('GET', `/v1/calls?cursor=${WORDS}`)
    await refused('GET', `/rec/${WORDS}`)
    const listed = await api('POST', '/v1/do-not-call', { phone_number: LISTED_NUMBER, note: WORDS })
    expect(listed.status, listed.text).toBeLessThan(300)
    await refused('POST', '/v1/calls', { phone_number: LISTED_NUMBER, assistant_id: 'asst_x' })
    const endpoint = await api('POST', '/v1/webhook-endpoints', { url: `${echo.url}/endpoint` })
    secrets.endpointSecret = endpoint.body.secret
    await api('POST', `/v1/webhook-endpoints/${endpoint.body.id}/test`)

    const shown = async (id: string) => (await api('GET', `/v1/calls/${id}`)).body
    await until(
      async () => (await Promise.all(calls.map(shown))).every((call) => call.cost !== null),
      'every call is completed',
    )
    const recorded = await Promise.all(calls.map(shown))
    const link: string = recorded.find((call) => call.recording_url)?.recording_url
    secrets.recordingLink = new URL(link).pathname.split('/').at(-1) ?? ''
    expect((await fetch(link)).status).toBe(200)
    await refused('POST', `/v1/calls/${calls[0]}/recording/revoke-links`, undefined, {
      authorization: 'Bearer nothing',
    })
    expect((await api('DELETE', `/v1/calls/${calls[1]}/content`)).status).toBe(200)

    // Everything was really there.
    const seen = echo.requests.join('\n')
    const { llmHeader = '', toolHeader = '', webhookQuery = '' } = secrets
    const arrived = hits({ seen }, { llmHeader, toolHeader, webhookQuery, words: WORDS })
    expect(arrived.map((hit) => hit.split(':')[1])).toEqual([
      ' llmHeader',
      ' toolHeader',
      ' webhookQuery',
      ' words',
    ])
    const asked = await (await fetch(new URL('/sandbox/requests', outside.urls.providers_url))).text()
    expect(asked.includes(WORDS), 'the vendors were told the words').toBe(true)

    const logs = ['api', 'media', 'worker', 'sandbox'].map((name) => system.log(name)).join('\n')
    const webhooks = echo.requests
      .filter((request) => request.includes('/hook'))
      .map((request) => request.split('\n\n')[1])
    const audit = JSON.stringify(await system.database.sql`select * from audit_entries`)
    for (const call of calls) expect(logs.includes(call), 'the logs are those of these calls').toBe(true)
    const jobs = await readJobs()
    expect(jobs.includes(calls[0] ?? 'no call'), 'the queue was watched').toBe(true)
    expect(webhooks.length).toBeGreaterThan(10)

    expect(hits({ logs, problems, jobs, audit }, { ...secrets, ...people })).toEqual([])
    // Only the hashes of these are known to anybody but the carrier, so the hash of every word is looked up.
    const rows = await system.database.sql<{ hash: string }[]>`
      select token_hash as hash from streams union all select hash from api_keys`
    const hashes = new Set(rows.map(({ hash }) => hash))
    expect(hashedIn(`the key ${key}.`, hashes)).toEqual([key])
    expect(hashes.size).toBeGreaterThan(4)
    expect(hashedIn([logs, jobs, audit, ...problems, ...webhooks].join('\n'), hashes)).toEqual([])
    // Of a call's own words and numbers its webhooks may speak; of secrets only the link to the recording, which is for them.
    const { recordingLink: _, ...unsaid } = secrets
    expect(hits({ webhooks }, unsaid)).toEqual([])
    expect(
      hits({ database: await wholeDatabase(system) }, { ...unsaid, webhookQuery: 'is where it is sent' }),
    ).toEqual([])
  })
})

/** `place: name` for each canary that is found; the text around it, so that one sees where it comes from. */
function hits(places: Record<string, unknown>, canaries: Record<string, string>): string[] {
  const found = []
  for (const [place, content] of Object.entries(places)) {
    const text = typeof content === 'string' ? content : JSON.stringify(content)
    for (const [name, value] of Object.entries(canaries)) {
      const at = text.indexOf(value)
      if (at >= 0)
        found.push(`${place}: ${name}: …${text.slice(Math.max(0, at - 300), at + value.length + 40)}…`)
    }
  }
  return found
}

/** The words of a text that have one of these hashes. */
function hashedIn(text: string, hashes: ReadonlySet<string>): string[] {
  const words = new Set(text.match(/[\w-]{16,}/g))
  return [...words].filter((word) => hashes.has(createHash('sha256').update(word).digest('hex')))
}

async function wholeDatabase({ database: { sql } }: System): Promise<string> {
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`
  const rows = await Promise.all(tables.map(({ name }) => sql`select to_jsonb(t) as row from ${sql(name)} t`))
  return JSON.stringify(rows)
}

/** A server that throws back whatever it is sent: a model that talks once and then fails, a tool and a webhook endpoint that fail. */
async function startEcho(echo: { url: string; requests: string[]; close(): Promise<void> }): Promise<void> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const head = `${request.method} ${request.url}\n${JSON.stringify(request.headers)}`
    const text = `${head}\n\n${Buffer.concat(chunks).toString()}`
    const isFirst = !echo.requests.some((earlier) => earlier.startsWith('POST /llm'))
    echo.requests.push(text)
    if (request.url?.startsWith('/hook')) {
      response.writeHead(204).end()
      return
    }
    if (!request.url?.startsWith('/llm/')) {
      response.writeHead(500).end(JSON.stringify({ error: { message: text } }))
      return
    }
    const call = {
      index: 0,
      id: 't1',
      function: { name: 'look_up', arguments: JSON.stringify({ pin: WORDS }) },
    }
    const delta = isFirst ? { tool_calls: [call] } : { content: `Your pin is ${WORDS}.` }
    const finish = isFirst ? 'tool_calls' : 'stop'
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`)
    response.end(
      `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: finish }] })}\n\ndata: [DONE]\n\n`,
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  echo.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  echo.close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

/** What goes through queue and bus from now on: every command that reaches Redis, or every row of the queue's tables in Postgres and every notification. */
async function watchQueue(system: System, redisUrl: string | null): Promise<() => Promise<string>> {
  const seen: string[] = []
  if (redisUrl !== null) {
    const { hostname, port } = new URL(redisUrl)
    const socket = connect(Number(port), hostname)
    socket.on('data', (data) => seen.push(data.toString()))
    socket.on('error', () => {})
    socket.unref()
    socket.write('MONITOR\r\n')
    await once(socket, 'data')
    return async () => seen.join('')
  }
  const { sql } = system.database
  await sql.unsafe(`
    create table watched (row jsonb);
    create function watch() returns trigger language plpgsql as $$
      begin insert into public.watched values (to_jsonb(new)); return new; end $$;`)
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'bullmq' and table_type = 'BASE TABLE'`
  for (const { name } of tables)
    await sql.unsafe(
      `create trigger watch after insert or update on bullmq."${name}" for each row execute function public.watch()`,
    )
  for (const topic of ['call-events', 'call-prepare', 'call-end', 'call-command'])
    await sql.listen(`phonevoice:${topic}`, (payload) => void seen.push(payload))
  return async () => {
    const rows = await sql<{ row: unknown }[]>`select row from watched`
    return [...seen, ...rows.map(({ row }) => JSON.stringify(row))].join('\n')
  }
}
