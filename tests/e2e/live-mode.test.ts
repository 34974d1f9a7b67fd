/**
 * Goal: a live call, from the operator's first command to its last webhook. Method: `npm run admin` as an operator types it, and a second sandbox, with
 * credentials that the product learns only from those commands, in the place of Twilio and OpenAI.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { promisify } from 'node:util'
import { silentLog } from '@phonevoice/base'
import { createSandbox, type Sandbox } from '@phonevoice/sandbox'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'
import { openWebhookBox, type WebhookBox } from './webhook-box.ts'

const ACCOUNT_SID = `AC${randomBytes(16).toString('hex')}`
const AUTH_TOKEN = randomBytes(16).toString('hex')
const OUR_NUMBER = '+12025550195'

let outside: Sandbox
let system: System
let key: string
let organizationId: string
let box: WebhookBox

beforeAll(async () => {
  outside = await createSandbox({
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    ringTimeScale: 0.3,
    log: silentLog,
  })
  system = await startSystem({
    serverUrl: inject('postgresUrl'),
    env: { OPENAI_BASE_URL: outside.urls.providers_url, OPENAI_API_KEY: 'sk-of-the-operator' },
  })
})
afterAll(async () => {
  await system?.stop()
  await outside?.close()
})

/** Types a command; answers with what `--json` prints. */
async function admin(...words: string[]): Promise<Record<string, string>> {
  const { environment } = system.installation
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    DATABASE_URL: environment.DATABASE_URL,
    SECRETS_KEY: environment.SECRETS_KEY,
    API_PUBLIC_ORIGIN: environment.API_PUBLIC_ORIGIN,
    TWILIO_AUTH_TOKEN: AUTH_TOKEN,
  }
  const script = path.resolve('tools/admin/main.ts')
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', script, ...words, '--json'],
    { env },
  )
  return JSON.parse(stdout)
}

function api(method: string, route: string, body?: unknown) {
  return system.api(method, route, body, { authorization: `Bearer ${key}` })
}

describe('a live organization', () => {
  it('is set up by the commands of npm run admin', async () => {
    const organization = await admin('organization', 'create', 'Green Street')
    organizationId = String(organization.id)
    key = String((await admin('key', 'create', '--organization', organizationId, '--mode', 'live')).key)
    expect(key).toMatch(/^pv_live_/)
    const refused = await api('POST', '/v1/calls', {
      phone_number: '+12025550100',
      assistant_id: (await api('POST', '/v1/assistants', { name: 'x' })).body.id,
    })
    expect(refused).toMatchObject({ status: 409, body: { code: 'carrier_not_configured' } })

    const { urls } = system.installation
    const carrier = await admin(
      ...['carrier', 'add', '--organization', organizationId],
      ...['--account-sid', ACCOUNT_SID, '--base-url', outside.urls.carrier_url],
    )
    const number = await admin(
      ...['number', 'add', '--organization', organizationId, '--carrier', String(carrier.id)],
      ...['--phone-number', OUR_NUMBER, '--configure'],
    )
    expect(number.voice_url).toBe(`${urls.api}/carriers/twilio/inbound`)
    const { current } = await admin('webhook-secret', 'show', '--organization', organizationId)
    expect(current).toBe(organization.webhook_secret)
    box = openWebhookBox(outside.urls.inbox_url, 'live')
    await fetch(`${box.url}/secret`, { method: 'PUT', body: JSON.stringify({ secret: current }) })
  })

  it('calls a phone from its own number, with its own credentials and webhook secret', async () => {
    const assistant = await api('POST', '/v1/assistants', {
      name: 'Front desk',
      first_message: 'Green Street, hello.',
      webhook_url: box.url,
    })
    const created = await api('POST', '/v1/calls', {
      phone_number: '+12025550100',
      assistant_id: assistant.body.id,
    })
    expect(created).toMatchObject({
      status: 201,
      body: { mode: 'live', from: OUR_NUMBER, webhook_url: box.url },
    })
    await box.waitFor('call.completed', 50_000)
    const webhooks = await box.received()
    for (const { verdicts } of webhooks)
      expect(verdicts).toMatchObject({ signature: 'valid', standard_webhooks: 'valid' })
    const call = (await api('GET', `/v1/calls/${created.body.id}`)).body
    expect(call).toMatchObject({ mode: 'live', status: 'completed', outcome: { category: 'completed' } })
    expect(call.analysis.status).toBe('completed')
    const report = await fetch(`${outside.urls.carrier_url}/sandbox/calls/${call.outcome.carrier.call_id}`)
    const { phone } = (await report.json()) as { phone: { heard: { text: string }; said: { text: string } } }
    const said = webhooks.filter(({ json }) => json.event === 'transcription').map(({ json }) => json.data)
    const words = (role: string) =>
      said
        .filter((turn) => turn.role === role)
        .map((turn) => turn.text)
        .join(' ')
    expect(words('assistant')).toBe(phone.heard.text)
    expect(words('user')).toBe(phone.said.text)
    const audio = await fetch(call.recording_url)
    expect(audio.status).toBe(200)
    await audio.body?.cancel()
    const asked = await fetch(new URL('/sandbox/requests', outside.urls.providers_url))
    const { requests } = (await asked.json()) as { requests: { target: string }[] }
    expect(new Set(requests.map(({ target }) => target))).toEqual(
      new Set(['chat', 'speech', 'transcription']),
    )
  })

  it('is not seen with a test key, and calls from no number that is not its own', async () => {
    const calls = (await api('GET', '/v1/calls')).body.data
    expect(calls).toHaveLength(1)
    expect((await system.api('GET', `/v1/calls/${calls[0].id}`)).status).toBe(404)
    const refused = await api('POST', '/v1/calls', {
      phone_number: '+12025550100',
      from: '+12025550196',
      assistant_id: calls[0].assistant_id,
    })
    expect(refused).toMatchObject({ status: 422, body: { code: 'number_not_owned' } })
  })

  it('answers its number', async () => {
    const assistant = await api('POST', '/v1/assistants', {
      name: 'Night desk',
      first_message: 'The practice is closed.',
      webhook_url: box.url,
    })
    const bound = await api('POST', '/v1/phone-numbers', {
      phone_number: OUR_NUMBER,
      assistant_id: assistant.body.id,
    })
    expect(bound).toMatchObject({ status: 200, body: { mode: 'live', phone_number: OUR_NUMBER } })
    const calling = await fetch(`${outside.urls.carrier_url}/sandbox/calls`, {
      method: 'POST',
      body: JSON.stringify({ from: '+12025550107', to: OUR_NUMBER }),
    })
    expect(calling.status).toBe(201)
    const isInbound = { direction: 'inbound', mode: 'live', status: 'completed' }
    await expect
      .poll(async () => (await api('GET', '/v1/calls?from=%2B12025550107')).body.data[0] ?? null, {
        timeout: 30_000,
      })
      .toMatchObject({ ...isInbound, ended_reason: 'caller_hung_up', recording_url: expect.any(String) })
  })
})
