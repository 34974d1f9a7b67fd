import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createWebhookSecret, signWebhook } from '@phonevoice/signing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isInstalled, RECEIVERS, type RunningReceiver, startReceiver } from './receivers.ts'

const secret = createWebhookSecret()

/** Bodies that have tripped receivers: text outside ASCII, numbers with several spellings, nesting, odd keys. */
const BODIES = [
  { event: 'call.started', data: {} },
  {
    event: 'transcription',
    data: { role: 'user', text: 'Zoë says “naïve” – ¿qué? 日本語 🎉\u2028\u0000\\ "quoted" </script>' },
  },
  {
    event: 'call.completed',
    data: { cost: 0.012345, tiny: 1e-7, big: 1e21, negative: -0.5, whole: 9007199254740991, zero: 0 },
  },
  {
    event: 'call.ended',
    data: { metadata: { a: { b: [1, [2, { c: null }]], '10': 'x', '2': 'y', '': true, é: 'ü' } } },
  },
  { event: 'call.ringing', data: { rtl: 'שלום', long: 'ab '.repeat(20_000) } },
].map((part, index) =>
  JSON.stringify({
    event: part.event,
    call_id: 'call_1',
    timestamp: 1709218291,
    data: part.data,
    id: `evt_${index}`,
    sequence: index + 1,
  }),
)

function post(url: string, body: string, header?: string): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      ...(header === undefined ? {} : { 'PhoneVoice-Signature': header }),
    },
    signal: AbortSignal.timeout(10_000),
  })
}

const now = () => Math.floor(Date.now() / 1000)

for (const receiver of RECEIVERS) {
  const installed = isInstalled(receiver)
  if (!installed)
    console.warn(`\n  NO ${receiver.interpreter.toUpperCase()}: the ${receiver.name} receiver is skipped.\n`)

  describe.skipIf(!installed)(`a receiver in ${receiver.name}`, () => {
    let folder: string
    let running: RunningReceiver

    beforeAll(async () => {
      folder = mkdtempSync(path.join(tmpdir(), 'phonevoice-receiver-'))
      running = await startReceiver(receiver, secret, folder)
    }, 120_000)

    afterAll(async () => {
      await running?.stop()
      rmSync(folder, { recursive: true, force: true })
    })

    it('accepts what we sign, whatever is in the body', async () => {
      for (const body of BODIES) {
        const response = await post(running.url, body, signWebhook({ secret, body, timestampSeconds: now() }))
        expect(response.status, body.slice(0, 200)).toBe(200)
      }
      const events = BODIES.map((body) => (JSON.parse(body) as { event: string }).event)
      await expect.poll(() => running.accepted).toEqual(events)
    })

    it('refuses a changed body, another secret and a missing signature', async () => {
      const body = BODIES[0] as string
      const header = signWebhook({ secret, body, timestampSeconds: now() })
      const forged = signWebhook({ secret: createWebhookSecret(), body, timestampSeconds: now() })
      expect((await post(running.url, body.replace('call_1', 'call_2'), header)).status).toBe(400)
      expect((await post(running.url, body, forged)).status).toBe(400)
      expect((await post(running.url, body)).status).toBe(400)
    })
  })
}

describe('docs/webhooks.md', () => {
  const page = readFileSync(path.join(import.meta.dirname, '../../docs/webhooks.md'), 'utf8')

  it.each(['node-raw.mjs', 'verify.py', 'verify.rb', 'verify.php', 'verify.go'])(
    'shows the code of %s',
    (file) => {
      const code = readFileSync(path.join(import.meta.dirname, file), 'utf8')
      const snippet = /^(?:\/\/|#) snippet\n([\s\S]*?)\n(?:\/\/|#) end of snippet$/m.exec(code)?.[1]
      expect(snippet).toBeDefined()
      expect(page).toContain(snippet?.trim())
    },
  )
})
