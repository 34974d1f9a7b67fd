/** Goal: each setting of an assistant does in a real call what the reference says. Method: phones with a part of their own, all at once. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'
import type { Webhook } from './webhook-box.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ serverUrl: inject('postgresUrl') })
})
afterAll(() => system?.stop())

let phones = 0
/** Calls a phone that goes through `steps`, and answers with what was said when it is over. */
async function converse(
  assistant: Record<string, unknown>,
  steps: Record<string, unknown>[],
  call: Record<string, unknown> = {},
) {
  const phone_number = `+120255501${20 + phones++}`
  await system.givePhone(phone_number, { name: phone_number, steps })
  const assistant_id = await system.createAssistant(assistant)
  const placed = await system.call({ phone_number, assistant_id, ...call })
  return toConversation(await placed.completed())
}

function toConversation<T extends { webhooks: Webhook[] }>(result: T) {
  const turns = result.webhooks
    .filter(({ json }) => json.event === 'transcription')
    .map(({ json }) => json.data)
  const saidBy = (role: string) => turns.filter((turn) => turn.role === role).map((turn) => turn.text)
  return { ...result, turns, assistant: saidBy('assistant'), caller: saidBy('user') }
}

const listen = { do: 'listen' }
const waitForEnd = { do: 'listen', timeout_ms: 20_000 }
const say = (text: string) => ({ do: 'say', text })

describe.concurrent('what is said', () => {
  it('has the call’s variables in every message, over the assistant’s own words', async ({ expect }) => {
    const { assistant, call, phone } = await converse(
      {
        disclosure: 'You speak with an AI, {{first_name}}.',
        first_message: 'This one is not said.',
        instructions: 'Otherwise reply "Your plan is {{ plan }} for {{seats}}."',
        silence: { reprompt: 'Anything else, {{first_name}}?', timeout_seconds: 2, max_reprompts: 1 },
      },
      [listen, say('Which plan do I have?'), listen, waitForEnd],
      {
        variables: { first_name: 'Ada', plan: 'gold', seats: 12 },
        assistant_overrides: { first_message: 'Hello {{first_name}}{{unknown}}.' },
      },
    )
    expect(assistant).toEqual([
      'You speak with an AI, Ada. Hello Ada.',
      'Your plan is gold for 12.',
      'Anything else, Ada?',
    ])
    expect(phone.phone.heard.text).toBe(assistant.join(' '))
    expect(call).toMatchObject({
      ended_reason: 'silence_timeout',
      disclosed_at: expect.any(String),
      variables: { first_name: 'Ada', plan: 'gold', seats: 12 },
    })
  })

  it('is said in words, and written down as it was written', async ({ expect }) => {
    const written = [
      'Order 48213377 costs **$5.50**, see [our menu](https://example.com/menu).',
      'Mail jo@example.com, or see https://www.example.com/a-b for Dr. Fox.',
    ]
    const { turns, phone } = await converse(
      { first_message: written[0], instructions: `Otherwise reply "${written[1]}"` },
      [listen, say('How do I reach you?'), listen, { do: 'hang-up' }],
    )
    expect(turns.filter(({ role }) => role === 'assistant')).toMatchObject(
      written.map((text) => ({ text, interrupted: false })),
    )
    expect(phone.phone.heard.text).toBe(
      'Order 4 8 2 1 3 3 7 7 costs 5 dollars and 50 cents, see our menu. Mail jo at example dot com, or see example dot com slash a dash b for Doctor Fox.',
    )
  })

  it('begins with the caller when there is no first message', async ({ expect }) => {
    const { turns } = await converse({ first_message: null, instructions: 'Echo the caller.' }, [
      { do: 'pause', ms: 1500 },
      say('Good morning.'),
      listen,
      { do: 'hang-up' },
    ])
    expect(turns.map(({ role, text }) => [role, text])).toEqual([
      ['user', 'Good morning.'],
      ['assistant', 'You said: Good morning.'],
    ])
  })

  it('ends after a phrase of the caller, with the message for it', async ({ expect }) => {
    const { assistant, call } = await converse(
      {
        instructions: 'Echo the caller.',
        end_call: { phrases: ['that is all'], message: 'Goodbye, {{first_name}}.' },
      },
      [listen, say('Thank you, that is all.'), waitForEnd],
      { variables: { first_name: 'Ada' } },
    )
    expect(call).toMatchObject({ ended_reason: 'end_phrase', outcome: { category: 'completed' } })
    expect(assistant.at(-1)).toBe('Goodbye, Ada.')
  })
})

describe.concurrent('keys', () => {
  it('are a turn when there are as many as there may be, a terminator, or a pause', async ({ expect }) => {
    const { caller } = await converse(
      {
        instructions: 'Otherwise reply "Noted."',
        keypad: { max_digits: 4, terminator: '*', timeout_seconds: 1 },
      },
      [
        listen,
        { do: 'press', digits: '1234' },
        listen,
        { do: 'press', digits: '56*' },
        listen,
        { do: 'press', digits: '7#' },
        listen,
        { do: 'hang-up' },
      ],
    )
    expect(caller).toEqual(['1234', '56', '7#'])
  })
})

describe.concurrent('an assistant that speaks French', () => {
  it('holds a conversation', async ({ expect }) => {
    const { assistant, caller, call, phone } = await converse(
      {
        language: 'fr-FR',
        first_message: 'Cabinet dentaire de la rue Verte, bonjour !',
        instructions: 'Tu parles français.',
      },
      [
        listen,
        say('Bonjour, je voudrais un rendez-vous.'),
        listen,
        // It waits for a sentence that stops at a word which asks for another.
        say('Demain à'),
        { do: 'pause', ms: 700 },
        say('dix heures.'),
        listen,
        say('Merci, au revoir.'),
        waitForEnd,
      ],
    )
    expect(caller).toEqual([
      'Bonjour, je voudrais un rendez-vous.',
      'Demain à dix heures.',
      'Merci, au revoir.',
    ])
    expect(assistant[0]).toBe('Cabinet dentaire de la rue Verte, bonjour !')
    expect(assistant[1]).toBe('Avec plaisir. Quel jour et à quelle heure ?')
    expect(assistant[2]?.toLowerCase()).toContain('demain à dix heures')
    expect(phone.phone.heard.text).toBe(assistant.join(' '))
    expect(call.ended_reason).toBe('assistant_ended')
    const { body } = await system.providers('GET', '/requests?target=transcription')
    expect(JSON.stringify(body)).toContain('"fr"')
  })

  it('is not interrupted by a French "oui, d’accord"', async ({ expect }) => {
    const story =
      'Il était une fois un petit dentiste qui racontait de très longues histoires à tous les patients de son village.'
    const { turns } = await converse(
      { language: 'fr', first_message: story, instructions: 'Tu parles français.' },
      [{ do: 'wait-for-speech', speaking_ms: 1500 }, say("Oui, d'accord."), listen, { do: 'hang-up' }],
    )
    expect(turns[0]).toMatchObject({ role: 'assistant', text: story, interrupted: false })
  })

  it('apologises in French', async ({ expect }) => {
    const { assistant, call } = await converse(
      { language: 'fr', llm: { provider: 'custom', url: 'http://127.0.0.1:9/v1', model: 'mine' } },
      [listen, say('Bonjour.'), waitForEnd],
    )
    expect(call.ended_reason).toBe('llm_failed')
    expect(assistant.at(-1)).toMatch(/^Je suis désolé/)
  })
})

describe.concurrent('a fallback', () => {
  it('of the language model answers when the first is down', async ({ expect }) => {
    const { assistant, call } = await converse(
      {
        instructions: 'Echo the caller.',
        llm: {
          provider: 'custom',
          url: 'http://127.0.0.1:9/v1',
          model: 'mine',
          fallback: {
            provider: 'openai',
            model: 'the-other-model',
            url: null,
            headers: {},
            temperature: null,
            timeout_ms: 5000,
          },
        },
      },
      [listen, say('Are you there?'), listen, { do: 'hang-up' }],
    )
    expect(assistant.at(-1)).toBe('You said: Are you there?')
    expect(call.ended_reason).toBe('caller_hung_up')
  })

  it('of the voice speaks when the first is down', async ({ expect }) => {
    await system.providers('POST', '/faults', {
      target: 'speech',
      kind: 'status',
      times: null,
      contains: 'the-broken-voice',
    })
    const fallback = { provider: 'openai-compatible', model: 'kokoro', voice_id: 'af_heart', speed: 1 }
    const { assistant, phone } = await converse(
      { instructions: 'Echo the caller.', voice: { model: 'the-broken-voice', fallback } },
      [listen, say('Are you there?'), listen, { do: 'hang-up' }],
    )
    expect(assistant.at(-1)).toBe('You said: Are you there?')
    expect(phone.phone.heard.text).toBe(assistant.join(' '))
  })
})

describe.concurrent('a recogniser', () => {
  it('loses no word of the sentence in which its connection broke', async ({ expect }) => {
    await system.providers('POST', '/faults', {
      target: 'transcription',
      kind: 'cut',
      after: 2,
      contains: 'zebra',
    })
    const { caller, assistant } = await converse({ instructions: 'Echo the caller.' }, [
      listen,
      say('The zebra is in the garden today.'),
      listen,
      { do: 'hang-up' },
    ])
    expect(caller).toEqual(['The zebra is in the garden today.'])
    expect(assistant.at(-1)).toBe('You said: The zebra is in the garden today.')
  })
})

describe.concurrent('the simulated phones', () => {
  it.each([
    ['+12025550111', 'a human'],
    ['+12025550112', 'This is a recording.'],
  ])('%s holds a conversation', async (phone_number, words) => {
    const placed = await system.call({ phone_number })
    const { caller, assistant, phone } = toConversation(await placed.completed())
    expect(caller.join(' ')).toContain(words)
    expect(caller.join(' ')).toBe(phone.phone.said.text)
    expect(assistant.join(' ')).toBe(phone.phone.heard.text)
  })
})

describe.concurrent('the analysis', () => {
  it('has the assistant’s own fields', async ({ expect }) => {
    const schema = {
      type: 'object',
      properties: {
        appointment_booked: { type: 'boolean' },
        day: { type: ['string', 'null'], enum: ['Monday', 'Tuesday', null] },
      },
      required: ['appointment_booked', 'day'],
      additionalProperties: false,
    }
    const { call, completed } = await converse({ analysis: { schema } }, [
      listen,
      say('I need an appointment on Tuesday at ten, please.'),
      listen,
      { do: 'hang-up' },
    ])
    expect(call.analysis).toMatchObject({
      status: 'completed',
      data: { appointment_booked: true, day: 'Tuesday' },
    })
    expect(completed.json.data.analysis).toEqual(call.analysis)
  })

  it('that fails is said, and everything else is there', async ({ expect }) => {
    await system.providers('POST', '/faults', {
      target: 'chat',
      kind: 'status',
      times: null,
      // As it stands in the body of the request: only the analysis names the task.
      contains: 'task was:\\nmarker-unanalysable',
    })
    const { call } = await converse({ instructions: 'marker-unanalysable' }, [
      listen,
      say('Hello.'),
      listen,
      { do: 'hang-up' },
    ])
    expect(call.analysis).toEqual({
      status: 'failed',
      sentiment: null,
      intent: null,
      summary: null,
      data: null,
    })
    expect(call.cost).toBeGreaterThan(0)
    expect(call.recording_url).not.toBeNull()
  })
})
