import { createServer } from 'node:http'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { type Log, systemClock, type Timers } from '@phonevoice/base'
import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { closeServer, listenOnLoopback } from '../loopback-server.ts'
import { pause } from '../pause.ts'
import { BodyTooLarge, readBody } from '../read-body.ts'
import { renderInboxPage } from './inbox-page.ts'
import {
  type BehaviourInput,
  behaviourSchema,
  createMailbox,
  type Mailbox,
  type ReceivedWebhook,
} from './mailbox.ts'
import { streamWebhooks } from './stream-webhooks.ts'
import { verifySignatures } from './verify-signature.ts'

export interface InboxOptions {
  /** Default 0: the system chooses. */
  port?: number
  /** Secret for names that have none of their own. */
  secret?: string
  timers?: Timers
  log: Log
}

export interface Inbox {
  /** Origin of the server; webhooks go to `{url}/hooks/<any name>`. */
  url: string
  /** The latest 5000 webhooks, oldest first. */
  received: readonly ReceivedWebhook[]
  /** The first webhook, past or future, that fits; rejects after `timeoutMs`. */
  waitFor(predicate: (webhook: ReceivedWebhook) => boolean, timeoutMs: number): Promise<ReceivedWebhook>
  /** Checks deliveries to this name with these secrets. */
  setSecrets(name: string, secrets: readonly string[]): void
  /** How this name answers from now on. */
  setBehaviour(name: string, behaviour: BehaviourInput): void
  clear(): void
  close(): Promise<void>
}

type App = { Bindings: HttpBindings }

const BODY_BYTES_MAX = 2 * 1024 * 1024
const NAME = /^[\w.-]{1,100}$/
const secretSchema = z.union([
  z.strictObject({ secret: z.string().min(1) }).transform(({ secret }) => [secret]),
  z.strictObject({ secrets: z.array(z.string().min(1)).max(10) }).transform(({ secrets }) => secrets),
])

/**
 * A receiver of webhooks to look at: keeps what arrives at `/hooks/<name>`, verifies its signatures, and answers as it is told.
 *
 *   POST   /hooks/:name             a webhook
 *   PUT    /hooks/:name/secret      {"secret"} or {"secrets"}
 *   PUT    /hooks/:name/behaviour   {"status","delay_ms","body","headers","hang_up","steps":[…]}
 *   GET    /inbox, /inbox/:name     JSON, or a page for browsers (`Accept: text/html`)
 *   GET    /inbox/:name/stream      server-sent events: what is there (from `?after=<number>`), then what comes
 *   DELETE /inbox                   forgets everything received
 */
export async function createInbox(options: InboxOptions): Promise<Inbox> {
  const timers = options.timers ?? systemClock
  const mailbox = createMailbox(timers, options.secret)
  const closing = new AbortController()
  const server = createServer(
    getRequestListener(createApp(mailbox, timers, options.log, closing.signal).fetch, {
      overrideGlobalObjects: false,
    }),
  )
  const url = await listenOnLoopback(server, options.port ?? 0)
  return {
    url,
    received: mailbox.received,
    waitFor: mailbox.waitFor,
    setSecrets: mailbox.setSecrets,
    setBehaviour: mailbox.setBehaviour,
    clear: mailbox.clear,
    close() {
      closing.abort()
      return closeServer(server)
    },
  }
}

function createApp(mailbox: Mailbox, timers: Timers, log: Log, closing: AbortSignal): Hono<App> {
  const app = new Hono<App>()
  app.post('/hooks/:name', async (c) => {
    const name = c.req.param('name')
    if (!NAME.test(name))
      return c.json({ error: 'A name has letters, digits, dots, dashes and underscores.' }, 404)
    return receive(c, name, mailbox, timers, closing)
  })
  app.put('/hooks/:name/secret', async (c) => {
    mailbox.setSecrets(c.req.param('name'), secretSchema.parse(await readJson(c)))
    return c.body(null, 204)
  })
  app.put('/hooks/:name/behaviour', async (c) => {
    mailbox.setBehaviour(c.req.param('name'), behaviourSchema.parse(await readJson(c)))
    return c.body(null, 204)
  })
  app.get('/healthz', (c) => c.json({ status: 'ok' }))
  app.get('/', (c) => c.redirect('/inbox'))
  app.get('/inbox', (c) => show(c, mailbox.received, null))
  app.delete('/inbox', (c) => {
    mailbox.clear()
    return c.body(null, 204)
  })
  app.get('/inbox/:name', (c) => {
    const name = c.req.param('name')
    return show(
      c,
      mailbox.received.filter((webhook) => webhook.name === name),
      name,
    )
  })
  app.get('/inbox/:name/stream', (c) => {
    streamWebhooks(c.env.outgoing, mailbox, c.req.param('name'), Number(c.req.query('after') ?? 0) || 0)
    return RESPONSE_ALREADY_SENT
  })
  app.onError((error, c) => {
    if (error instanceof z.ZodError) return c.json({ error: error.issues }, 400)
    if (error instanceof SyntaxError) return c.json({ error: 'The body is not JSON.' }, 400)
    if (error instanceof BodyTooLarge) return c.json({ error: error.message }, 413)
    log.error('The inbox failed.', { error })
    return c.json({ error: 'The inbox failed.' }, 500)
  })
  return app
}

async function receive(
  c: Context<App>,
  name: string,
  mailbox: Mailbox,
  timers: Timers,
  closing: AbortSignal,
): Promise<Response> {
  const { incoming, outgoing } = c.env
  const body = await readBody(incoming, BODY_BYTES_MAX)
  const step = mailbox.takeStep(name)
  const text = body.toString('utf8')
  mailbox.add({
    name,
    received_at: new Date(timers.now()).toISOString(),
    headers: Object.fromEntries(
      Object.entries(incoming.headers).map(([header, value]) => [header, String(value)]),
    ),
    body: text,
    json: parse(text),
    verdicts: verifySignatures(incoming.headers, body, mailbox.secretsOf(name), timers.now()),
    answered_status: step.hang_up ? null : step.status,
  })
  await pause(timers, step.delay_ms, closing)
  if (step.hang_up || closing.aborted) {
    incoming.socket.destroy()
    return RESPONSE_ALREADY_SENT
  }
  outgoing.writeHead(step.status, { 'content-type': 'application/json', ...step.headers })
  outgoing.end(step.body)
  return RESPONSE_ALREADY_SENT
}

function show(c: Context<App>, webhooks: readonly ReceivedWebhook[], name: string | null): Response {
  if (c.req.header('accept')?.includes('text/html')) return c.html(renderInboxPage(webhooks, name))
  return c.json({ webhooks })
}

async function readJson(c: Context<App>): Promise<unknown> {
  return JSON.parse((await readBody(c.env.incoming, BODY_BYTES_MAX)).toString('utf8'))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
