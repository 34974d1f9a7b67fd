import { timingSafeEqual } from 'node:crypto'
import type { HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { toCallJson } from '../call-record.ts'
import type { CarrierState } from '../carrier-state.ts'
import { toRfc2822 } from '../sid.ts'
import { createCall } from './create-call.ts'
import { Form } from './form.ts'
import { listCalls } from './list-calls.ts'
import { buyNumber, listNumbers, toNumberJson, updateNumber } from './numbers.ts'
import { notFound, RestError } from './rest-error.ts'
import { type EndedCallAnswer, updateCall } from './update-call.ts'

/** Longest form taken. */
const FORM_BYTES_MAX = 64 * 1024

export interface RestOptions {
  endedCallAnswer: EndedCallAnswer
}

interface Env {
  Bindings: HttpBindings
  Variables: { form: Form }
}

/** The parts of Twilio's REST API 2010-04-01 that a voice service uses, as JSON. */
export function createRestRoutes(state: CarrierState, options: RestOptions): Hono<Env> {
  const app = new Hono<Env>()
  const accountOf = (c: Context<Env>) => c.req.param('account')!
  const sidOf = (c: Context<Env>) => c.req.param('sid')!.replace(/\.json$/, '')
  const urlOf = (c: Context<Env>) => new URL(c.req.url)

  app.onError((error) => {
    if (error instanceof RestError) return error.toResponse()
    state.services.log.error('a REST request failed', { error })
    return new RestError(500, 20500, 'An internal server error has occurred').toResponse()
  })
  app.notFound((c) => notFound(c.req.path).toResponse())

  app.use('/Accounts/:account/*', async (c, next) => {
    authenticate(state, c.req.header('authorization'), accountOf(c))
    c.set('form', await readForm(c))
    await strike(state, c, next)
  })

  const calls = '/Accounts/:account/Calls'
  app.post(`${calls}.json`, (c) => c.json(createCall(state, accountOf(c), c.get('form')), 201))
  app.get(`${calls}.json`, (c) => c.json(listCalls(state, accountOf(c), c.get('form'), urlOf(c))))
  const callOf = (c: Context<Env>) => {
    const call = state.calls.find(sidOf(c), accountOf(c))
    if (!call) throw notFound(c.req.path)
    return call
  }
  const oneCall = `${calls}/:sid{CA[0-9a-f]{32}\\.json}` as const
  app.get(oneCall, (c) => c.json(toCallJson(callOf(c).record)))
  app.post(oneCall, (c) => c.json(updateCall(callOf(c), c.get('form'), options.endedCallAnswer, c.req.path)))
  app.delete(oneCall, (c) => {
    const call = callOf(c)
    if (!call.hasEnded) throw new RestError(409, 20009, 'A call that has not ended cannot be deleted')
    state.calls.delete(call.record.sid)
    return c.body(null, 204)
  })

  const numbers = '/Accounts/:account/IncomingPhoneNumbers'
  app.post(`${numbers}.json`, (c) => c.json(buyNumber(state, accountOf(c), c.get('form')), 201))
  app.get(`${numbers}.json`, (c) => c.json(listNumbers(state, accountOf(c), c.get('form'), urlOf(c))))
  const numberOf = (c: Context<Env>) => {
    const number = state.numbers.find(sidOf(c), accountOf(c))
    if (!number) throw notFound(c.req.path)
    return number
  }
  const oneNumber = `${numbers}/:sid{PN[0-9a-f]{32}\\.json}` as const
  app.get(oneNumber, (c) => c.json(toNumberJson(numberOf(c))))
  app.post(oneNumber, (c) => c.json(updateNumber(state, numberOf(c), c.get('form'))))
  app.delete(oneNumber, (c) => {
    state.numbers.delete(numberOf(c).sid)
    return c.body(null, 204)
  })

  app.get('/Accounts/:account{AC[0-9a-f]{32}\\.json}', (c) => {
    const sid = c.req.param('account').replace(/\.json$/, '')
    authenticate(state, c.req.header('authorization'), sid)
    return c.json(toAccountJson(sid))
  })
  app.on(['PUT', 'PATCH', 'DELETE'], '/Accounts/:account/*', () => {
    throw new RestError(405, 20004, 'Method not allowed')
  })
  return app
}

/** Account sid and auth token as Basic credentials, for the account in the path. */
function authenticate(state: CarrierState, header: string | undefined, accountSid: string): void {
  const refused = () => new RestError(401, 20003, 'Authenticate')
  const match = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? '')
  if (!match) throw refused()
  const [sid = '', ...rest] = Buffer.from(match[1]!, 'base64').toString('utf8').split(':')
  const expected = Buffer.from(state.accounts.get(sid) ?? '')
  const given = Buffer.from(rest.join(':'))
  if (expected.length === 0 || given.length !== expected.length || !timingSafeEqual(given, expected))
    throw refused()
  if (sid !== accountSid) throw notFound(`/2010-04-01/Accounts/${accountSid}`)
}

async function readForm(c: Context<Env>): Promise<Form> {
  if (c.req.method === 'GET' || c.req.method === 'DELETE') return new Form(new URL(c.req.url).search)
  if (Number(c.req.header('content-length') ?? 0) > FORM_BYTES_MAX)
    throw new RestError(400, 20001, 'The form is too long')
  return new Form(await c.req.text())
}

/** REST faults strike here: before the request is looked at, or after it has done its work. */
async function strike(state: CarrierState, c: Context<Env>, next: () => Promise<void>): Promise<void> {
  const operation = `${c.req.method} ${c.req.path}`
  const fault = state.faults.take('rest', c.get('form').text('To') ?? null, (candidate) => {
    if (candidate.operation === undefined) return true
    const [method = '', ending = ''] = candidate.operation.split(' ')
    return operation.startsWith(`${method} `) && operation.endsWith(ending)
  })
  if (fault?.kind === 'unavailable') throw new RestError(503, 20503, 'Service unavailable')
  if (fault?.kind === 'rate-limit') throw new RestError(429, 20429, 'Too Many Requests')
  if (fault?.kind === 'delay')
    await new Promise<void>((resolve) => state.services.timers.after(fault.delay_ms, resolve))
  await next()
  if (fault?.kind === 'lose-answer') c.env.incoming.socket.destroy()
}

function toAccountJson(sid: string) {
  const path = `/2010-04-01/Accounts/${sid}`
  const since = toRfc2822(0)
  return {
    sid,
    owner_account_sid: sid,
    friendly_name: 'Sandbox',
    status: 'active',
    type: 'Full',
    auth_token: null,
    date_created: since,
    date_updated: since,
    uri: `${path}.json`,
    subresource_uris: {
      calls: `${path}/Calls.json`,
      incoming_phone_numbers: `${path}/IncomingPhoneNumbers.json`,
    },
  }
}
