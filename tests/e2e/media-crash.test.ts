/**
 * A media process dies with SIGKILL while people are talking to it. The carrier finds its socket closed, asks where to go on, and another process
 * does, with what was said so far. First with another process at hand, then with none.
 */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'
import { until } from './until.ts'

const ANIMALS = 'otter heron badger lynx falcon newt weasel pike raven moose'.split(' ')
/** Promised are 3 s for 95 of 100; a machine that runs other tests beside may take longer, but nobody is left in silence. */
const SILENCE_MAX_MS = 10_000

let system: System
beforeAll(async () => {
  system = await startSystem({ serverUrl: inject('postgresUrl') })
})
afterAll(() => system?.stop())

describe('ten callers of a killed media process', () => {
  it('are spoken to again by another one, which knows what they said', async () => {
    const assistant = await system.createAssistant({
      first_message: 'Hello, which animal do you like?',
      instructions: 'Reply "And now?" when "animal is"\nOtherwise reply "I do. Goodbye."',
    })
    const placed = await Promise.all(
      ANIMALS.map(async (animal, index) => {
        const phone = `+120255501${20 + index}`
        await system.givePhone(phone, {
          name: animal,
          steps: [
            { do: 'listen' },
            { do: 'say', text: `My favourite animal is the ${animal}.` },
            { do: 'wait-for-words', words: "I'm back" },
            { do: 'pause', ms: 700 },
            { do: 'say', text: 'Do you remember it?' },
            { do: 'wait-for-words', words: 'Goodbye' },
            { do: 'pause', ms: 700 },
            { do: 'hang-up' },
          ],
        })
        return { animal, call: await system.call({ phone_number: phone, assistant_id: assistant }) }
      }),
    )
    const hasAnswered = async ({ call }: (typeof placed)[number]) =>
      (await call.box.received()).some((webhook) => webhook.json.data.text === 'And now?')
    await Promise.all(placed.map((one) => until(() => hasAnswered(one), 'the caller was answered')))
    for (const { animal, call } of placed) {
      const noted = await system.api('POST', `/v1/calls/${call.id}/context`, {
        text: `They keep a ${animal}.`,
      })
      expect(noted.body.result).toBe('added')
    }
    await system.startMedia('media-2')
    const killedAtMs = Date.now()
    system.app('media').kill()

    const results = await Promise.all(
      placed.map(async ({ animal, call }) => ({ animal, ...(await call.completed()) })),
    )
    const { requests } = (await system.providers('GET', '/requests?target=chat')).body
    for (const { animal, call, webhooks, phone } of results) {
      expect(silenceAfter(phone, killedAtMs)).toBeLessThan(SILENCE_MAX_MS)
      expect(new Set(phone.streams.map((stream: { url: string }) => stream.url)).size).toBe(2)

      const said = webhooks.filter((webhook) => webhook.json.event === 'transcription')
      expect(said.map((webhook) => webhook.json.data.text)).toEqual([
        'Hello, which animal do you like?',
        `My favourite animal is the ${animal}.`,
        'And now?',
        "Sorry, we were cut off for a moment. I'm back.",
        'Do you remember it?',
        'I do. Goodbye.',
      ])
      expect(said.map((webhook) => webhook.json.data.turn)).toEqual([1, 2, 3, 4, 5, 6])
      const asked = requests.find((request: { body: { messages: { content: string }[] } }) => {
        const texts = request.body.messages.map((message) => message.content)
        return texts.at(-1) === 'Do you remember it?' && texts.some((text) => text.includes(`the ${animal}.`))
      })
      expect(asked?.body.messages.map((message: { role: string }) => message.role)).toContain('assistant')
      expect(asked?.body.messages).toContainEqual({ role: 'system', content: `They keep a ${animal}.` })

      expect(webhooks.filter((webhook) => webhook.json.event === 'call.completed')).toHaveLength(1)
      expect(call).toMatchObject({ status: 'completed', ended_reason: 'caller_hung_up' })
      expect(call.recording_url).not.toBeNull()
      // What the dead process had not written yet is silence.
      expect(webhooks.at(-1)?.json.data.recording.status).toBe('partial')
    }
  }, 120_000)
})

describe('a caller whose media process hangs, its sockets open', () => {
  it('is found and handed to another one', async () => {
    const frozen = await system.startMedia('media-3')
    await system.app('media-2').stop()
    const number = '+12025550131'
    await system.givePhone(number, {
      name: 'patient',
      steps: [
        { do: 'listen' },
        { do: 'wait-for-words', words: "I'm back", timeout_ms: 80_000 },
        { do: 'pause', ms: 700 },
        { do: 'hang-up' },
      ],
    })
    const placed = await system.call({ phone_number: number })
    await placed.box.waitFor('transcription', 20_000)
    await system.startMedia('media-4')
    process.kill(frozen.pid, 'SIGSTOP')
    try {
      const { call, phone, webhooks } = await placed.completed(90_000)
      expect(call).toMatchObject({ status: 'completed', ended_reason: 'caller_hung_up' })
      expect(phone.phone.heard.text).toContain("I'm back")
      expect(webhooks.filter((webhook) => webhook.json.event === 'call.completed')).toHaveLength(1)
    } finally {
      frozen.kill()
    }
  }, 120_000)
})

describe('when the only media process is killed', () => {
  it('the caller hears an apology and the call ends as media_lost', async () => {
    const placed = await Promise.all([1, 2, 3].map(() => system.call({ phone_number: '+12025550106' })))
    await Promise.all(placed.map(({ box }) => box.waitFor('transcription', 20_000)))
    system.app('media-4').kill()
    const results = await Promise.all(placed.map((call) => call.completed(90_000)))
    for (const { call, webhooks, phone } of results) {
      expect(call).toMatchObject({
        status: 'failed',
        ended_reason: 'media_lost',
        outcome: { category: 'platform', fault: 'platform', retryable: true },
      })
      expect(phone.phone.heard.text).toContain('Sorry, we cannot continue this call right now.')
      expect(webhooks.filter((webhook) => webhook.json.event === 'call.completed')).toHaveLength(1)
    }
  }, 120_000)
})

/** Milliseconds from `atMs` (wall clock) until the phone heard something new. Throws when it heard nothing any more. */
// biome-ignore lint/suspicious/noExplicitAny: the sandbox's report, read as JSON.
function silenceAfter(report: any, atMs: number): number {
  const onTheLineMs = atMs - Date.parse(report.answered_at)
  const stretches: { start_ms: number }[] = report.phone.heard.stretches
  const next = stretches.find((stretch) => stretch.start_ms > onTheLineMs)
  if (!next) throw new Error('nothing was heard after the process died')
  return next.start_ms - onTheLineMs
}
