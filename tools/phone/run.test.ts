import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { silentLog } from '@phonevoice/base'
import { type Carrier, createCarrier } from '@phonevoice/sandbox'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runPhone } from './run.ts'

const ACCOUNT = { accountSid: `AC${'ab'.repeat(16)}`, authToken: 'a-token-for-the-test' }
const NUMBER = '+12025550191'
const TWIML = '<Response><Say>Welcome to the test.</Say><Pause length="20"/></Response>'

let carrier: Carrier
let answering: Server
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'phonevoice-phone-'))
  carrier = await createCarrier({ log: silentLog, accounts: [ACCOUNT], ringTimeScale: 0 })
  answering = createServer((_request, response) => {
    response.setHeader('content-type', 'text/xml')
    response.end(TWIML)
  })
  await new Promise<void>((resolve) => answering.listen(0, '127.0.0.1', resolve))
  await bind(NUMBER)
})
afterAll(async () => {
  await carrier.close()
  answering.closeAllConnections()
  await new Promise((resolve) => answering.close(resolve))
  rmSync(folder, { recursive: true })
})

/** Points a number of the sandbox at the answering server, as the api would. */
async function bind(phoneNumber: string): Promise<void> {
  const root = `${carrier.url}/2010-04-01/Accounts/${ACCOUNT.accountSid}/IncomingPhoneNumbers`
  const authorization = `Basic ${Buffer.from(`${ACCOUNT.accountSid}:${ACCOUNT.authToken}`).toString('base64')}`
  const query = new URLSearchParams({ PhoneNumber: phoneNumber })
  const list = (await (await fetch(`${root}.json?${query}`, { headers: { authorization } })).json()) as {
    incoming_phone_numbers: { sid: string }[]
  }
  const voiceUrl = `http://127.0.0.1:${(answering.address() as AddressInfo).port}/voice`
  const url = `${root}/${list.incoming_phone_numbers[0]?.sid}.json`
  await fetch(url, {
    method: 'POST',
    headers: { authorization },
    body: new URLSearchParams({ VoiceUrl: voiceUrl }),
  })
}

interface Ran {
  code: number
  out: string[]
  err: string
}

async function run(
  args: string[],
  options: { sandboxUrl?: string | null; stopWhen?: RegExp } = {},
): Promise<Ran> {
  const out: string[] = []
  const err: string[] = []
  const stop = new AbortController()
  const code = await runPhone(args, {
    sandboxUrl: options.sandboxUrl === undefined ? carrier.url : options.sandboxUrl,
    print(line) {
      out.push(line)
      if (options.stopWhen?.test(line)) stop.abort()
    },
    complain: (line) => err.push(line),
    signal: stop.signal,
  })
  return { code, out, err: err.join('\n') }
}

function scenarioFile(scenario: unknown): string {
  const file = path.join(folder, 'scenario.json')
  writeFileSync(file, JSON.stringify(scenario))
  return file
}

test('a phone with a scenario from a file calls in; the conversation is shown and what it heard saved', async () => {
  const scenario = scenarioFile({
    steps: [
      { do: 'wait-for-words', words: 'to the test' },
      { do: 'say', text: 'Thank you.' },
      { do: 'hang-up' },
    ],
  })
  const save = path.join(folder, 'heard.wav')
  const { code, out, err } = await run(['--call', NUMBER, '--scenario', scenario, '--save', save])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const shown = out.map((line) => line.replace(/^ *[\d.]+ s +/, ''))
  expect(shown.slice(1, 4)).toEqual(['answered', 'hears    Welcome to the test.', 'says     Thank you.'])
  expect(shown[4]).toMatch(/^completed after \d s: the phone hung up$/)
  expect(out.join('\n')).toMatch(/recordings: http:\S+\/sandbox\/calls\/CA[0-9a-f]{32}\/heard\.wav/)
  expect(readFileSync(save).subarray(0, 4).toString()).toBe('RIFF')
})

test('both sides talking at once are each shown once', async () => {
  const scenario = scenarioFile({
    steps: [
      {
        do: 'say',
        text: 'This is a rather long sentence that goes on and on while the other side is talking too.',
      },
      { do: 'hang-up' },
    ],
  })
  const { out } = await run(['--call', NUMBER, '--scenario', scenario])
  expect(out.filter((line) => line.includes('hears'))).toHaveLength(1)
  expect(out.filter((line) => line.includes('says'))).toHaveLength(1)
})

test('Ctrl-C hangs up', async () => {
  const scenario = scenarioFile({ steps: [] })
  const { code, out } = await run(['--call', NUMBER, '--scenario', scenario], { stopWhen: /answered/ })
  expect(code).toBe(0)
  expect(out.join('\n')).toContain('the phone hung up')
})

test('a call that is not answered says why, and fails', async () => {
  const { code, out } = await run(['--call', '+12025550192'])
  expect(code).toBe(1)
  expect(out.join('\n')).toContain('no voice URL')
  expect(out.join('\n')).toContain('bind it')
})

test('what the sandbox refuses is passed on', async () => {
  expect(await run(['--call', '+19995550100'])).toMatchObject({
    code: 1,
    err: 'No account owns +19995550100.',
  })
  const bad = scenarioFile({ steps: [{ do: 'fly' }] })
  const { err } = await run(['--call', NUMBER, '--scenario', bad])
  expect(err).toContain('scenario.steps.0')
  const { err: missing } = await run(['--call', NUMBER, '--scenario', path.join(folder, 'none.json')])
  expect(missing).toContain('none.json cannot be read')
})

test('phones are listed', async () => {
  const { code, out } = await run(['--list'])
  expect(code).toBe(0)
  expect(out).toContain('+12025550101  busy: Is busy.')
})

test('what is typed wrongly, and a sandbox that is not there, are said', async () => {
  expect(await run([])).toMatchObject({ code: 2 })
  expect((await run(['--dial', NUMBER])).err).toContain("Unknown option '--dial'")
  expect(await run(['--list'], { sandboxUrl: null })).toMatchObject({
    code: 2,
    err: expect.stringContaining('npm start'),
  })
  const gone = await run(['--list'], { sandboxUrl: 'http://127.0.0.1:1' })
  expect(gone).toMatchObject({ code: 1, err: expect.stringContaining('does not answer') })
})
