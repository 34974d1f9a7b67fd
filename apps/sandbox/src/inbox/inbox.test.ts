import { createHmac } from 'node:crypto'
import { createTestClock, silentLog } from '@phonevoice/base'
import { afterEach, describe, expect, it } from 'vitest'
import { createInbox, type Inbox, type InboxOptions } from './inbox.ts'
import type { ReceivedWebhook } from './mailbox.ts'
import { verifySignatures } from './verify-signature.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const BODY =
  '{"event":"call.completed","call_id":"call_1","timestamp":1709218291,"data":{},"id":"evt_1","sequence":7}'
const inboxes: Inbox[] = []

afterEach(async () => {
  await Promise.all(inboxes.splice(0).map((inbox) => inbox.close()))
})

async function start(options: Partial<InboxOptions> = {}): Promise<Inbox> {
  const inbox = await createInbox({ log: silentLog, ...options })
  inboxes.push(inbox)
  return inbox
}

function signed(body: string, secret: string, seconds: number): Record<string, string> {
  const hex = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
  return { 'phonevoice-signature': `t=${seconds},v1=${hex}` }
}

function post(
  inbox: Inbox,
  name: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${inbox.url}/hooks/${name}`, { method: 'POST', body, headers })
}

const now = (): number => Math.floor(Date.now() / 1000)

describe('the inbox', () => {
  it('keeps a webhook to the byte and says that its signature is valid', async () => {
    const inbox = await start({ secret: SECRET })
    expect((await post(inbox, 'demo', BODY, signed(BODY, SECRET, now()))).status).toBe(200)
    expect(inbox.received).toEqual([
      expect.objectContaining({
        number: 1,
        name: 'demo',
        body: BODY,
        json: expect.objectContaining({ event: 'call.completed' }),
        verdicts: expect.objectContaining({ signature: 'valid', standard_webhooks: 'missing' }),
      }),
    ])
  })

  it('uses the secrets a name was given', async () => {
    const inbox = await start({ secret: 'another' })
    const body = JSON.stringify({ secret: SECRET })
    expect((await fetch(`${inbox.url}/hooks/own/secret`, { method: 'PUT', body })).status).toBe(204)
    await post(inbox, 'own', BODY, signed(BODY, SECRET, now()))
    await post(inbox, 'other', BODY, signed(BODY, SECRET, now()))
    expect(inbox.received.map((webhook) => webhook.verdicts.signature)).toEqual(['valid', 'invalid'])
  })

  it('answers as it is told, step by step', async () => {
    const inbox = await start()
    const behaviour = { status: 202, steps: [{ status: 500 }, { hang_up: true }] }
    await fetch(`${inbox.url}/hooks/moody/behaviour`, { method: 'PUT', body: JSON.stringify(behaviour) })
    expect((await post(inbox, 'moody', BODY)).status).toBe(500)
    await expect(post(inbox, 'moody', BODY)).rejects.toThrow()
    expect((await post(inbox, 'moody', BODY)).status).toBe(202)
    expect(inbox.received.map((webhook) => webhook.answered_status)).toEqual([500, null, 202])
  })

  it('answers late when told to, and closes without waiting for it', async () => {
    const timers = createTestClock()
    const inbox = await start({ timers })
    inbox.setBehaviour('slow', { delay_ms: 60_000 })
    const first = post(inbox, 'slow', BODY)
    await inbox.waitFor((webhook) => webhook.number === 1, 1000)
    await expect.poll(() => timers.pendingTimers).toBe(1)
    timers.advance(60_000)
    expect((await first).status).toBe(200)
    const second = post(inbox, 'slow', BODY).catch(() => 'ended')
    await inbox.waitFor((webhook) => webhook.number === 2, 1000)
    await inbox.close()
    expect(await second).toBe('ended')
  })

  it('waits for a webhook that has not come yet, and not for ever', async () => {
    const timers = createTestClock()
    const inbox = await start({ timers })
    const coming = inbox.waitFor((webhook) => webhook.name === 'later', 1000)
    await post(inbox, 'later', 'not json')
    expect(await coming).toMatchObject({ name: 'later', json: null })
    const never = inbox.waitFor(() => false, 1000)
    timers.advance(1000)
    await expect(never).rejects.toThrow('within 1000 ms')
    expect(timers.pendingTimers).toBe(0)
  })

  it('shows JSON to scripts and a page to people, harmless whatever was sent', async () => {
    const inbox = await start()
    await post(inbox, 'page', '{"event":"<script>alert(1)</script>"}')
    const json = (await (await fetch(`${inbox.url}/inbox/page`)).json()) as { webhooks: ReceivedWebhook[] }
    expect(json.webhooks).toHaveLength(1)
    const empty = (await (await fetch(`${inbox.url}/inbox/nobody`)).json()) as { webhooks: ReceivedWebhook[] }
    expect(empty.webhooks).toEqual([])
    const page = await (await fetch(`${inbox.url}/inbox`, { headers: { accept: 'text/html' } })).text()
    expect(page).toContain('&lt;script&gt;')
    expect(page).not.toContain('<script>')
  })

  it('streams what is there and what comes', async () => {
    const inbox = await start()
    await post(inbox, 'live', '{"event":"one"}')
    const response = await fetch(`${inbox.url}/inbox/live/stream`)
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = (await reader.read()).value ?? ''
    await post(inbox, 'elsewhere', '{"event":"no"}')
    await post(inbox, 'live', '{"event":"two"}')
    while (!text.includes('"two"')) text += (await reader.read()).value ?? ''
    await reader.cancel()
    expect(text.match(/^id: \d+$/gm)).toEqual(['id: 1', 'id: 3'])
  })

  it('refuses settings it does not understand', async () => {
    const inbox = await start()
    const put = (path: string, body: string) => fetch(`${inbox.url}/hooks/x/${path}`, { method: 'PUT', body })
    expect((await put('behaviour', '{"statuss":1}')).status).toBe(400)
    expect((await put('secret', 'nonsense')).status).toBe(400)
  })
})

describe('verifying signatures', () => {
  const at = 1_709_218_291
  const body = Buffer.from(BODY)
  const verify = (headers: Record<string, string>, secrets = [SECRET], seconds = at) =>
    verifySignatures(headers, body, secrets, seconds * 1000)

  it('accepts the example of the Standard Webhooks specification', () => {
    const verdicts = verifySignatures(
      {
        'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        'webhook-timestamp': '1614265330',
        'webhook-signature': 'v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      },
      Buffer.from('{"test": 2432232314}'),
      [SECRET],
      1_614_265_330_000,
    )
    expect(verdicts.standard_webhooks).toBe('valid')
  })

  it.each([
    ['a changed body', { ...signed(`${BODY} `, SECRET, at) }, 'invalid'],
    ['another secret', signed(BODY, 'other', at), 'invalid'],
    ['an old signature', signed(BODY, SECRET, at - 301), 'expired'],
    [
      'a third part',
      { 'phonevoice-signature': `${signed(BODY, SECRET, at)['phonevoice-signature']},v2=x` },
      'invalid',
    ],
    ['the parts the other way round', { 'phonevoice-signature': `v1=${'0'.repeat(64)},t=${at}` }, 'invalid'],
    ['no header', {}, 'missing'],
  ])('tells %s', (_, headers, verdict) => {
    expect(verify(headers as Record<string, string>).signature).toBe(verdict)
  })

  it('accepts either secret while one is being changed', () => {
    const next = signed(BODY, 'whsec_bmV3', at)['phonevoice-signature'] ?? ''
    const headers = { ...signed(BODY, SECRET, at), 'phonevoice-signature-next': next }
    expect(verify(headers, [SECRET, 'whsec_bmV3'])).toMatchObject({
      signature: 'valid',
      next_signature: 'valid',
    })
    expect(verify(headers, [])).toMatchObject({ signature: 'no-secret' })
  })
})
