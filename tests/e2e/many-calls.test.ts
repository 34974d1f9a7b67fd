import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'

const CALLS = 20
/** Words that only one caller says. */
const ANIMALS =
  'otter heron badger lynx falcon newt weasel pike raven moose viper gecko bison crane stoat finch beetle marten osprey walrus'.split(
    ' ',
  )

let system: System
beforeAll(async () => {
  system = await startSystem({ serverUrl: inject('postgresUrl') })
})
afterAll(() => system?.stop())

it('keeps the words of twenty simultaneous calls apart', async () => {
  const assistant = await system.createAssistant({
    instructions: 'Echo the caller.',
    first_message: 'Hello.',
  })
  const placed = await Promise.all(
    ANIMALS.slice(0, CALLS).map(async (animal, index) => {
      const phone = `+120255501${20 + index}`
      await system.givePhone(phone, {
        name: animal,
        steps: [
          { do: 'listen' },
          { do: 'say', text: `My favourite animal is the ${animal}.` },
          { do: 'listen' },
          { do: 'say', text: `I said ${animal} twice, ${animal}.` },
          { do: 'listen' },
          { do: 'hang-up' },
        ],
      })
      return { animal, call: await system.call({ phone_number: phone, assistant_id: assistant }) }
    }),
  )
  const results = await Promise.all(
    placed.map(async ({ animal, call }) => ({ animal, ...(await call.completed(80_000)) })),
  )
  for (const { animal, webhooks, phone } of results) {
    const turns = webhooks
      .filter((webhook) => webhook.json.event === 'transcription')
      .map((webhook) => webhook.json.data)
    expect(turns.filter((turn) => turn.role === 'user').map((turn) => turn.text)).toEqual([
      `My favourite animal is the ${animal}.`,
      `I said ${animal} twice, ${animal}.`,
    ])
    const others = ANIMALS.filter((other) => other !== animal)
    const everything = `${turns.map((turn) => turn.text).join(' ')} ${phone.phone.heard.text}`
    expect(others.filter((other) => everything.includes(other))).toEqual([])
    expect(phone.phone.heard.text).toContain(animal)
  }
}, 100_000)
