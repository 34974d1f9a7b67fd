/**
 * A deploy, as an orchestrator does it: SIGTERM to one of two media processes. Calls that end by themselves in time notice nothing; those that do not
 * are handed over to the other process, and go on there.
 */
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { type PlacedCall, type System, startSystem } from './system.ts'
import { until } from './until.ts'

const DRAIN_SECONDS = 6
const HANDED_OVER = "Sorry, we were cut off for a moment. I'm back."

let system: System
let assistant: string
beforeAll(async () => {
  system = await startSystem({
    serverUrl: inject('postgresUrl'),
    env: { MEDIA_DRAIN_SECONDS: String(DRAIN_SECONDS) },
  })
  assistant = await system.createAssistant({ first_message: 'Hello.', instructions: 'Echo the caller.' })
})
afterAll(() => system?.stop())

/** The caller says something, is answered, and hangs up `ms` later. */
async function callThatStays(phone_number: string, ms: number): Promise<PlacedCall> {
  await system.givePhone(phone_number, {
    name: 'stays',
    steps: [
      { do: 'listen' },
      { do: 'say', text: 'My favourite animal is the otter.' },
      { do: 'listen' },
      { do: 'pause', ms },
      { do: 'hang-up' },
    ],
  })
  return await system.call({
    phone_number,
    assistant_id: assistant,
    assistant_overrides: { silence: { timeout_seconds: 60 } },
  })
}

const hasHeard = (call: PlacedCall, text: string) => async () =>
  (await call.box.received()).some((webhook) => webhook.json.data.text?.includes(text))

// biome-ignore lint/suspicious/noExplicitAny: the sandbox's report, read as JSON.
const nodesOf = (phone: any): string[] => phone.streams.map((stream: { url: string }) => stream.url)

it('live calls end on the draining process or move to the other one; new calls go to the other one', async () => {
  const short = await callThatStays('+12025550120', 3000)
  const long = await callThatStays('+12025550121', DRAIN_SECONDS * 1000 + 8000)
  await until(hasHeard(short, 'You said'), 'the short call was answered')
  await until(hasHeard(long, 'You said'), 'the long call was answered')
  await system.startMedia('media-2')
  const old = system.app('media')
  const asked = Date.now()
  process.kill(old.pid, 'SIGTERM')
  await until(async () => (await readyStatus()) === 503, 'it is not ready any more')
  const late = await callThatStays('+12025550122', 1000)

  const ended = await Promise.all([short.completed(), long.completed(), late.completed()])
  await old.ended
  expect(Date.now() - asked).toBeGreaterThan(DRAIN_SECONDS * 1000)
  const [ofShort, ofLong, ofLate] = ended
  const [first] = nodesOf(ofShort.phone)
  expect(nodesOf(ofShort.phone)).toEqual([first])
  const [second] = nodesOf(ofLate.phone)
  expect(nodesOf(ofLate.phone)).toEqual([second])
  expect(second).not.toBe(first)
  expect(nodesOf(ofLong.phone)).toEqual([first, second])

  expect(textsOf(ofLong.webhooks)).toEqual([
    'Hello.',
    'My favourite animal is the otter.',
    'You said: My favourite animal is the otter.',
    HANDED_OVER,
  ])
  for (const { call, webhooks } of ended) {
    expect(call).toMatchObject({ status: 'completed', ended_reason: 'caller_hung_up' })
    expect(webhooks.filter((webhook) => webhook.json.event === 'call.completed')).toHaveLength(1)
    // Nothing of a polite handover is lost.
    expect(webhooks.at(-1)?.json.data.recording.status).toBe('ready')
  }
}, 120_000)

it('a second signal hands the calls over at once, in the middle of a sentence', async () => {
  const leaving = await system.startMedia('media-3', { MEDIA_DRAIN_SECONDS: '600' })
  const talker = await system.createAssistant({
    first_message:
      'One two three four five six seven eight nine ten. One two three four five six seven eight nine ten. One two three four five six seven eight nine ten.',
    instructions: 'Echo the caller.',
  })
  // The one that the first test left.
  await system.app('media-2').stop()
  await system.givePhone('+12025550123', {
    name: 'listens',
    steps: [{ do: 'wait-for-words', words: "I'm back" }, { do: 'pause', ms: 700 }, { do: 'hang-up' }],
  })
  const placed = await system.call({ phone_number: '+12025550123', assistant_id: talker })
  await placed.box.waitFor('call.started', 20_000)
  await until(async () => (await system.phoneReport(placed.id))?.phone?.heard.words.length > 4, 'it talks')
  await system.startMedia('media-4')
  process.kill(leaving.pid, 'SIGTERM')
  await until(() => system.log('media-3').includes('draining'), 'it drains')
  process.kill(leaving.pid, 'SIGTERM')
  await leaving.ended
  const { webhooks, phone, call } = await placed.completed()
  expect(call.ended_reason).toBe('caller_hung_up')
  expect(new Set(nodesOf(phone)).size).toBe(2)
  const [begun, resumed] = textsOf(webhooks)
  expect(begun).toMatch(/^One two three four/)
  // It may have been cut after the first ten, or the second.
  expect(begun?.match(/ten\./g)?.length ?? 0).toBeLessThan(3)
  expect(resumed).toBe(HANDED_OVER)
}, 90_000)

async function readyStatus(): Promise<number> {
  const { port } = new URL(system.installation.urls.media)
  return (await fetch(`http://127.0.0.1:${port}/readyz`)).status
}

function textsOf(webhooks: { json: { event: string; data: { text: string } } }[]): string[] {
  return webhooks
    .filter((webhook) => webhook.json.event === 'transcription')
    .map((webhook) => webhook.json.data.text)
}
