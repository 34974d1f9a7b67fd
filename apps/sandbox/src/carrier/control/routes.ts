import { Hono } from 'hono'
import { z } from 'zod'
import { scenarioSchema } from '../../phones/scenario.ts'
import type { CarrierState } from '../carrier-state.ts'
import { type FaultInput, faultsSchema } from '../faults.ts'
import { callIn } from './call-in.ts'
import { ControlError } from './control-error.ts'

/** A scenario may carry a WAV in base64. */
const BODY_BYTES_MAX = 4 * 1024 * 1024

const callInSchema = z.strictObject({
  from: z.string(),
  to: z.string(),
  /** The caller's behaviour; left out: that of the phone behind `from`. */
  scenario: scenarioSchema.optional(),
})

/** The sandbox's own controls, for people, scripts and tests. They are no part of any vendor's API and need no credentials: loopback only. */
export function createControlRoutes(state: CarrierState): Hono {
  const app = new Hono()

  app.onError((error, c) => {
    if (error instanceof ControlError) return c.json({ error: error.message }, error.status)
    if (error instanceof z.ZodError)
      return c.json({ error: 'The body is not valid.', issues: error.issues }, 422)
    if (error instanceof RangeError) return c.json({ error: error.message }, 422)
    state.services.log.error('a sandbox request failed', { error })
    return c.json({ error: 'The sandbox failed; see its log.' }, 500)
  })

  app.get('/calls', (c) => {
    const limit = Math.min(1000, Math.max(1, Number(c.req.query('limit') ?? 100) || 100))
    const to = c.req.query('to')
    const from = c.req.query('from')
    const calls = state.calls
      .list()
      .filter(
        ({ record }) =>
          (to === undefined || record.to === to) && (from === undefined || record.from === from),
      )
      .slice(0, limit)
    return c.json({ calls: calls.map((call) => call.report()) })
  })
  app.post('/calls', async (c) => {
    const { from, to, scenario } = callInSchema.parse(await readJson(c.req.raw))
    const call = callIn(state, { from, to, scenario: scenario ?? null })
    return c.json({ call_sid: call.record.sid, status: call.record.status }, 201)
  })
  const callOf = (sid: string) => {
    const call = state.calls.find(sid)
    if (!call) throw new ControlError(404, `There is no call ${sid}.`)
    return call
  }
  app.get('/calls/:sid', (c) => c.json(callOf(c.req.param('sid')).report()))
  app.post('/calls/:sid/hang-up', (c) => {
    const call = callOf(c.req.param('sid'))
    call.phoneHangsUp()
    return c.json(call.report())
  })
  const sides = { 'heard.wav': 'heard', 'said.wav': 'said', 'call.wav': undefined } as const
  for (const [file, side] of Object.entries(sides)) {
    app.get(`/calls/:sid/${file}`, (c) => {
      const wav = callOf(c.req.param('sid')).recording(side)
      if (!wav)
        throw new ControlError(
          404,
          'There is no audio of this call: it was not answered, or is too long ago.',
        )
      return c.body(new Uint8Array(wav), 200, { 'Content-Type': 'audio/wav' })
    })
  }

  app.get('/phones', (c) => c.json({ phones: state.phones.list() }))
  app.get('/phones/:number', (c) => {
    const scenario = state.phones.find(c.req.param('number'))
    if (!scenario) throw new ControlError(404, 'There is no phone behind this number.')
    return c.json({ phone_number: c.req.param('number'), scenario })
  })
  app.put('/phones/:number', async (c) => {
    const scenario = state.phones.put(c.req.param('number'), scenarioSchema.parse(await readJson(c.req.raw)))
    return c.json({ phone_number: c.req.param('number'), scenario })
  })
  app.delete('/phones/:number', (c) => {
    state.phones.remove(c.req.param('number'))
    return c.body(null, 204)
  })

  app.get('/faults', (c) => c.json({ faults: state.faults.list() }))
  app.put('/faults', async (c) => {
    const { faults } = faultsSchema.parse(await readJson(c.req.raw))
    state.faults.set(faults as FaultInput[])
    return c.json({ faults: state.faults.list() })
  })
  app.delete('/faults', (c) => {
    state.faults.set([])
    return c.body(null, 204)
  })
  return app
}

async function readJson(request: Request): Promise<unknown> {
  const text = await request.text()
  if (text.length > BODY_BYTES_MAX) throw new ControlError(413, 'The body is too long.')
  try {
    return JSON.parse(text)
  } catch {
    throw new ControlError(400, 'The body is not JSON.')
  }
}
