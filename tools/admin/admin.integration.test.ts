import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { silentLog } from '@phonevoice/base'
import { createTestDatabase, type TestDatabase } from '@phonevoice/db/test-database'
import { type Carrier, createCarrier } from '@phonevoice/sandbox'
import { parseApiKey } from '@phonevoice/services/api-keys'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { runAdmin } from './run.ts'

const TOKEN = 'a-token-of-the-carrier-account'
const ACCOUNT_SID = `AC${'12'.repeat(16)}`
const KEY = Buffer.alloc(32, 3).toString('base64')

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresUrl'))
})
afterAll(() => database.drop())

interface Ran {
  code: number
  out: string
  err: string
}

async function run(
  args: string,
  options: { env?: Record<string, string>; input?: string; stateFolder?: string } = {},
): Promise<Ran> {
  const out: string[] = []
  const err: string[] = []
  const code = await runAdmin(args.split(' '), {
    env: { DATABASE_URL: database.url, SECRETS_KEY: KEY, ...options.env },
    stateFolder: options.stateFolder ?? '/nowhere/.phonevoice',
    readInput: async () => options.input ?? '',
    print: (line) => out.push(line),
    complain: (line) => err.push(line),
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

/** Runs a command that must succeed, and parses what `--json` prints. */
async function json(args: string, options: Parameters<typeof run>[1] = {}): Promise<Record<string, string>> {
  const { code, out, err } = await run(`${args} --json`, options)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return JSON.parse(out)
}

const list = async (args: string) =>
  (await json(args)).data as unknown as Record<string, string | boolean | null>[]

async function addCarrier(organization: string, baseUrl = 'https://api.twilio.com'): Promise<string> {
  const args = `carrier add --organization ${organization} --account-sid ${ACCOUNT_SID} --base-url ${baseUrl}`
  return (await json(args, { env: { TWILIO_AUTH_TOKEN: TOKEN } })).id ?? ''
}

let organization: string
beforeEach(async () => {
  organization = (await json('organization create Acme')).id ?? ''
})

describe('organizations and keys', () => {
  test('an organization is created with a secret, and listed', async () => {
    const created = await json('organization create Bakery')
    expect(created).toMatchObject({ id: expect.stringMatching(/^org_/), name: 'Bakery' })
    expect(created.webhook_secret).toMatch(/^whsec_/)
    const names = (await list('organization list')).map(({ name }) => name)
    expect(names).toContain('Bakery')
  })

  test('a key is shown once, is listed without itself, and can be revoked', async () => {
    const created = await json(`key create --organization ${organization} --mode live --name server`)
    expect(parseApiKey(created.key ?? '')?.mode).toBe('live')
    const listing = await run(`key list --organization ${organization}`)
    expect(listing.out).toContain(created.id)
    expect(listing.out).not.toContain(created.key)
    const [before] = await list(`key list --organization ${organization}`)
    expect(before).toMatchObject({ name: 'server', last4: created.key?.slice(-4), revoked_at: null })

    await json(`key revoke ${created.id} --organization ${organization}`)
    const [after] = await list(`key list --organization ${organization}`)
    expect(after?.revoked_at).not.toBeNull()
  })

  test('a key may be given scopes and an end, and a successor, and the log says who did it', async () => {
    const options = '--scopes calls:read,audit:read --expires-in-days 30'
    const old = await json(`key create --organization ${organization} --mode test ${options}`)
    const fresh = await json(`key rotate ${old.id} --organization ${organization} --overlap-seconds 60`)
    expect(parseApiKey(fresh.key ?? '')?.mode).toBe('test')
    const listing = await list(`key list --organization ${organization}`)
    const kept = { scopes: 'calls:read,audit:read', expires_at: old.expires_at, status: 'active' }
    expect(listing.find(({ id }) => id === fresh.id)).toMatchObject(kept)
    const log = await list(`audit list --organization ${organization} --resource ${old.id}`)
    expect(log.map(({ action, actor }) => [action, actor])).toEqual([
      ['api_key.rotated', 'admin'],
      ['api_key.created', 'admin'],
    ])
    const made = await list(`audit list --organization ${organization} --action api_key.created`)
    expect(made.map(({ resource }) => resource)).toContain(old.id)
    for (const wrong of [
      `key create --organization ${organization} --mode test --scopes calls:eat`,
      `key rotate ${fresh.id} --organization ${organization} --overlap-seconds soon`,
      `audit list --organization ${organization} --action calls:eat`,
      `audit list --organization ${organization} --after soon`,
    ])
      expect((await run(wrong)).code).toBe(2)
  })

  test('a key of an organization that does not exist is refused', async () => {
    expect(await run('key create --organization org_none --mode test')).toMatchObject({
      code: 1,
      err: 'There is no such organization.',
    })
  })
})

describe('carrier accounts', () => {
  test('the token is read from standard input, sealed, and never shown', async () => {
    const args = `carrier add --organization ${organization} --account-sid ${ACCOUNT_SID} --auth-token -`
    const added = await run(args, { input: `${TOKEN}\n` })
    expect(added.code).toBe(0)
    const listing = await run(`carrier list --organization ${organization}`)
    expect(listing.out).toContain(ACCOUNT_SID)
    expect(added.out + listing.out).not.toContain(TOKEN)
    const [row] = await database.sql`
      select auth_token_sealed from carrier_accounts where organization_id = ${organization}`
    expect(row?.auth_token_sealed).toMatch(/^v2\.dk_/)
  })

  test('a token on the command line is refused without being repeated', async () => {
    const args = `carrier add --organization ${organization} --account-sid ${ACCOUNT_SID} --auth-token ${TOKEN}`
    const { code, err } = await run(args)
    expect(code).toBe(2)
    expect(err).toContain('TWILIO_AUTH_TOKEN')
    expect(err).not.toContain(TOKEN)
    expect(await list(`carrier list --organization ${organization}`)).toEqual([])
  })

  test('no token, a bad sid and a bad base URL are refused', async () => {
    const args = `carrier add --organization ${organization} --account-sid`
    expect((await run(`${args} ${ACCOUNT_SID}`)).err).toContain('The auth token is missing')
    expect((await run(`${args} ${ACCOUNT_SID} --auth-token -`)).err).toContain('Standard input holds no')
    expect((await run(`${args} AC12`)).err).toContain('32 hex digits')
    expect((await run(`${args} ${ACCOUNT_SID} --base-url ftp://x`)).err).toContain('--base-url')
  })

  test('the same account twice is refused', async () => {
    await addCarrier(organization)
    const args = `carrier add --organization ${organization} --account-sid ${ACCOUNT_SID}`
    const again = await run(args, { env: { TWILIO_AUTH_TOKEN: TOKEN } })
    expect(again).toMatchObject({ code: 1, err: 'This organization has this carrier account already.' })
  })
})

describe('numbers', () => {
  let carrier: Carrier
  beforeAll(async () => {
    carrier = await createCarrier({
      log: silentLog,
      accounts: [{ accountSid: ACCOUNT_SID, authToken: TOKEN, phoneNumbers: ['+12025550142'] }],
    })
  })
  afterAll(() => carrier.close())

  /** What the carrier would do with a call to the number. */
  async function voiceUrl(): Promise<string> {
    const authorization = `Basic ${Buffer.from(`${ACCOUNT_SID}:${TOKEN}`).toString('base64')}`
    const url = `${carrier.url}/2010-04-01/Accounts/${ACCOUNT_SID}/IncomingPhoneNumbers.json`
    const body = (await (await fetch(url, { headers: { authorization } })).json()) as {
      incoming_phone_numbers: { voice_url: string; status_callback: string }[]
    }
    const [number] = body.incoming_phone_numbers
    return `${number?.voice_url} ${number?.status_callback}`
  }

  test('adding one notes it and changes nothing at the carrier, unless asked to', async () => {
    const account = await addCarrier(organization, carrier.url)
    const args = `number add --organization ${organization} --carrier ${account} --phone-number +12025550142`
    expect(await json(args)).toMatchObject({ phone_number: '+12025550142', voice_url: null })
    expect(await voiceUrl()).toBe(' ')
    expect(await list(`number list --organization ${organization}`)).toEqual([
      expect.objectContaining({ mode: 'live', phone_number: '+12025550142', assistant_id: null }),
    ])

    const env = { API_PUBLIC_ORIGIN: 'https://api.example.com/' }
    await json(`${args} --configure`, { env })
    const hooks = 'https://api.example.com/carriers/twilio'
    expect(await voiceUrl()).toBe(`${hooks}/inbound ${hooks}/status`)
  })

  test('a number that the carrier account does not have is noted, and the failure said', async () => {
    const account = await addCarrier(organization, carrier.url)
    const args = `number add --organization ${organization} --carrier ${account} --phone-number +12025550143 --configure`
    expect((await run(args)).err).toContain('API_PUBLIC_ORIGIN')
    const { code, err } = await run(args, { env: { API_PUBLIC_ORIGIN: 'https://api.example.com' } })
    expect(code).toBe(1)
    expect(err).toContain('does not belong to the carrier account')
    expect(await list(`number list --organization ${organization}`)).toHaveLength(1)
  })

  test('a text that is no phone number is refused', async () => {
    const account = await addCarrier(organization)
    const args = `number add --organization ${organization} --carrier ${account} --phone-number 555`
    expect(await run(args)).toMatchObject({ code: 1, err: expect.stringContaining('E.164') })
  })
})

test('a webhook secret is shown, rotated and completed', async () => {
  const secret = `webhook-secret show --organization ${organization}`
  const { current, next } = await json(secret)
  expect(next).toBeNull()
  const rotated = await json(`webhook-secret rotate --organization ${organization}`)
  expect(await json(secret)).toEqual({ current, next: rotated.next })
  await json(`webhook-secret complete --organization ${organization}`)
  expect(await json(secret)).toEqual({ current: rotated.next, next: null })
  expect(await run(`webhook-secret complete --organization ${organization}`)).toMatchObject({ code: 1 })
})

test('retention and recording are shown and changed', async () => {
  const show = `retention show --organization ${organization}`
  const forever = { organization, content_days: 'forever', recording_days: 'forever', recording: 'allowed' }
  expect(await json(show)).toEqual(forever)
  await json(`retention set --organization ${organization} --content-days 30 --recording-days 7`)
  await json(`recording forbid --organization ${organization}`)
  expect(await json(show)).toEqual({
    ...forever,
    content_days: 30,
    recording_days: 7,
    recording: 'forbidden',
  })
  await json(`retention set --organization ${organization} --recording-days forever`)
  expect(await json(`recording allow --organization ${organization}`)).toEqual({
    ...forever,
    content_days: 30,
  })
  for (const args of ['', ' --content-days soon', ' --content-days -3'])
    expect((await run(`retention set --organization ${organization}${args}`)).code).toBe(2)
  expect((await run(`retention set --organization ${organization} --content-days 0`)).err).toContain('1 to')
})

test('keys of secrets are rotated, and secrets stay readable under the new master key alone', async () => {
  const secret = `webhook-secret show --organization ${organization}`
  const before = await json(secret)
  const rotated = await json(`secrets rotate-data --organization ${organization}`)
  expect(rotated).toMatchObject({ secrets_sealed: 1, old_keys_destroyed: 0 })
  const key = Buffer.alloc(32, 9).toString('base64')
  const both = { SECRETS_KEY: key, SECRETS_KEYS_OTHER: KEY }
  const wrapped = await json('secrets rotate-master', { env: both })
  expect(Number(wrapped.data_keys_wrapped)).toBeGreaterThan(0)
  expect(await json(secret, { env: { SECRETS_KEY: key } })).toEqual(before)
  expect((await run(secret)).code).toBe(2)
  await json('secrets rotate-master', { env: { SECRETS_KEY: KEY, SECRETS_KEYS_OTHER: key } })
  expect(await json(secret)).toEqual(before)
})

describe('limits and dial policy', () => {
  test('limits are shown, changed and reset', async () => {
    const show = `limits show --organization ${organization}`
    const before = await json(show)
    expect(before).toMatchObject({
      concurrent_calls: 100,
      queue_timeout_seconds: 600,
      spend_per_day_usd: null,
    })
    await json(`limits set --organization ${organization} --concurrent-calls 7 --spend-per-day-usd 12.5`)
    expect(await json(show)).toEqual({ ...before, concurrent_calls: 7, spend_per_day_usd: 12.5 })
    await json(
      `limits set --organization ${organization} --concurrent-calls default --spend-per-day-usd default`,
    )
    expect(await json(show)).toEqual(before)
  })

  test('a policy is shown, changed and reset, each part by itself', async () => {
    const show = `policy show --organization ${organization}`
    expect(await json(show)).toMatchObject({ countries: 'US,CA', hours: null })
    await json(`policy set --organization ${organization} --countries us,de`)
    const args = '--hours 09:00-20:00 --days mon,fri --time-zone Europe/Berlin'
    await json(`policy set --organization ${organization} ${args}`)
    expect(await json(show)).toMatchObject({
      countries: 'US,DE',
      hours: '09:00-20:00',
      days: 'mon,fri',
      time_zone: 'Europe/Berlin',
    })
    await json(`policy set --organization ${organization} --countries default --hours none`)
    expect(await json(show)).toMatchObject({ countries: 'US,CA', hours: null, days: null })
  })

  test('what is no limit, country or hour is refused', async () => {
    const errorOf = async (args: string) => (await run(`${args} --organization ${organization}`)).err
    expect(await errorOf('limits set --concurrent-calls many')).toContain('a number or "default"')
    expect(await errorOf('limits set --requests-per-second 0')).toContain('from 1')
    expect(await errorOf('limits set')).toContain('--concurrent-calls')
    expect(await errorOf('policy set --countries US,XX')).toContain('"XX" is not a country')
    expect(await errorOf('policy set --hours 20:00-09:00')).toContain('later than start')
    expect(await errorOf('policy set --hours 9-20')).toContain('HH:MM')
    expect(await errorOf('policy set')).toContain('--countries')
    expect((await run('limits set --organization org_none --concurrent-calls 1')).code).toBe(1)
  })
})

describe('what is typed wrongly', () => {
  test('help names every command', async () => {
    const { code, out } = await run('help')
    expect(code).toBe(0)
    for (const group of [
      'organization create',
      'key revoke',
      'carrier add',
      'number add',
      'webhook-secret rotate',
      'limits set',
      'policy set',
      'audit list',
    ])
      expect(out).toContain(group)
  })

  test('an unknown command is answered with those there are, of its group first', async () => {
    const { code, err } = await run('key delete')
    expect(code).toBe(2)
    expect(err).toContain('key revoke <key_…> --organization org_…')
    expect(err).not.toContain('carrier add')
    expect((await run('fly away')).err).toContain('carrier add')
  })

  test('everything missing is named at once', async () => {
    const { code, err } = await run('number add --carrier cacc_1')
    expect(code).toBe(2)
    expect(err).toContain('Missing: --organization org_…, --phone-number +1….')
  })

  test('an unknown option and a stray word are refused', async () => {
    expect((await run('organization list --fast')).err).toContain("Unknown option '--fast'")
    expect((await run('organization create Two words')).err).toContain('Too much: words')
    expect((await run(`key create --organization ${organization} --mode prod`)).err).toContain('--mode')
  })
})

describe('which installation', () => {
  test('nothing to work on is said', async () => {
    const { code, err } = await run('organization list', { env: { DATABASE_URL: '', SECRETS_KEY: '' } })
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('set DATABASE_URL') })
  })

  test('without a database in the environment it is the stack that npm start runs', async () => {
    const stateFolder = mkdtempSync(path.join(tmpdir(), 'phonevoice-admin-'))
    const write = (name: string, value: unknown) =>
      writeFileSync(path.join(stateFolder, name), JSON.stringify(value))
    write('dev.json', {
      api_url: 'http://127.0.0.1:1',
      sandbox_url: 'http://127.0.0.1:2',
      database_url: database.url,
    })
    write('secrets.json', { secretsKey: KEY })
    const env = { DATABASE_URL: '', SECRETS_KEY: '' }
    expect(await json('organization list', { env, stateFolder })).toEqual(await json('organization list'))
    // The key of one installation is never used on another's database.
    const { code, err } = await run('organization list', {
      env: { DATABASE_URL: `${database.url}_2`, SECRETS_KEY: '' },
      stateFolder,
    })
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('SECRETS_KEY is not') })
    rmSync(stateFolder, { recursive: true })
  })

  test('a database without its key is refused', async () => {
    const { err } = await run('organization list', { env: { SECRETS_KEY: '' } })
    expect(err).toContain('SECRETS_KEY is not')
  })

  test('a key that is not the one of the database is refused before anything is written', async () => {
    const env = { SECRETS_KEY: Buffer.alloc(32, 4).toString('base64') }
    const { code, err } = await run('organization create Wrong', { env })
    expect({ code, err }).toMatchObject({
      code: 2,
      err: expect.stringContaining('not the key of this database'),
    })
    const names = (await list('organization list')).map(({ name }) => name)
    expect(names).not.toContain('Wrong')
  })

  test('a database that does not answer, or has no tables, is named as the problem', async () => {
    const gone = new URL(database.url)
    gone.pathname = '/no_such_database'
    expect((await run('organization list', { env: { DATABASE_URL: gone.href } })).err).toContain(
      'cannot be used',
    )
    const bare = new URL(database.url)
    bare.pathname = '/postgres'
    expect((await run('organization list', { env: { DATABASE_URL: bare.href } })).err).toContain('migrations')
  })
})
