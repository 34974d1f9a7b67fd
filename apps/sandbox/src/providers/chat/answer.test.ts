import { describe, expect, it } from 'vitest'
import { answer } from './answer.ts'
import { parseChatRequest } from './chat-request.ts'

const AVAILABILITY = {
  type: 'function',
  function: {
    name: 'check_availability',
    parameters: { type: 'object', properties: { day: { type: 'string' } }, required: ['day'] },
  },
}

function say(system: string, turns: readonly string[], more: Record<string, unknown> = {}): string {
  const messages = [
    ...(system ? [{ role: 'system', content: system }] : []),
    ...turns.map((content, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content })),
  ]
  const given = answer(parseChatRequest({ model: 'any', messages, ...more }))
  return given.type === 'text'
    ? given.text
    : given.calls.map((call) => `${call.name}(${call.arguments})`).join(' ')
}

describe('the simulated model, instructed', () => {
  it('says exactly what it is told to', () => {
    expect(say('You are a bot.\nSay exactly: Hello <there>.', ['anything'])).toBe('Hello <there>.')
  })

  it('replies when a phrase was said, whatever its case and punctuation', () => {
    const system =
      '- Reply "Blue." when "favourite colour"\n- When the caller says “good night”, reply “Sleep well. <hangup/>”'
    expect(say(system, ['What is your Favourite, colour?'])).toBe('Blue.')
    expect(say(system, ['Good night!'])).toBe('Sleep well. <hangup/>')
  })

  it('does not take a part of a word for the phrase', () => {
    expect(say('Reply "Meow." when "cat"\nOtherwise reply "No."', ['concatenate'])).toBe('No.')
  })

  it('echoes when told to', () => {
    expect(say('Echo the caller.', ['one two three'])).toBe('You said: one two three')
  })

  it('calls a tool with given arguments when a phrase was said', () => {
    const system = 'Call check_availability with {"day":"Friday"} when "free"'
    expect(say(system, ['Are you free?'], { tools: [AVAILABILITY] })).toBe(
      'check_availability({"day":"Friday"})',
    )
    expect(say(system, ['Hello.'], { tools: [AVAILABILITY] })).not.toContain('check_availability')
    expect(say(system, ['Are you free?'])).not.toContain('check_availability')
  })

  it('calls a tool the caller names, or the one it is forced to', () => {
    const tools = [AVAILABILITY]
    expect(say('', ['Please check availability.'], { tools })).toBe('check_availability({"day":"day"})')
    const forced = { type: 'function', function: { name: 'check_availability' } }
    expect(say('', ['Hello'], { tools, tool_choice: forced })).toContain('check_availability(')
    expect(say('', ['Hello'], { tools, tool_choice: 'required' })).toContain('check_availability(')
    expect(say('', ['check availability'], { tools, tool_choice: 'none' })).not.toContain('(')
  })

  it('tells the result of a tool', () => {
    const call = { id: 'c1', type: 'function', function: { name: 'check_availability', arguments: '{}' } }
    const messages = [
      { role: 'user', content: 'check availability' },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c1', content: 'Friday at nine' },
    ]
    expect(answer(parseChatRequest({ model: 'm', messages, tools: [AVAILABILITY] }))).toEqual({
      type: 'text',
      text: 'The result of check availability is: Friday at nine',
    })
  })
})

describe('the simulated model, left alone', () => {
  it('books an appointment and says goodbye', () => {
    const turns = ['Hello, I would like to book an appointment.']
    turns.push(say('', turns))
    expect(turns.at(-1)).toBe('With pleasure. Which day and time would suit you?')
    turns.push('Tuesday at ten in the morning, please.')
    turns.push(say('', turns))
    expect(turns.at(-1)).toContain('booked for Tuesday at ten in the morning.')
    turns.push('Thank you, goodbye.')
    expect(say('', turns)).toBe('You are welcome. Goodbye! <hangup/>')
  })

  it('asks for the half that is missing and remembers the other', () => {
    const turns = ['An appointment on Friday.', 'x']
    expect(say('', turns.slice(0, 1))).toBe('What time on Friday would suit you?')
    expect(say('', [...turns, 'At three.'])).toContain('booked for Friday At three.')
  })

  it('does not take thanks with a time for a goodbye', () => {
    expect(say('', ['Thank you, on Monday at nine.'])).toContain('booked')
  })

  it('speaks French when asked to or spoken to', () => {
    expect(say('', ['Bonjour, je voudrais un rendez-vous.'])).toBe(
      'Avec plaisir. Quel jour et à quelle heure ?',
    )
    expect(say('You speak French.', ['demain à dix heures'])).toContain('noté pour demain à dix heures')
    expect(say('', ['Merci, au revoir.'])).toMatch(/<hangup\/>$/)
  })

  it('tells a story of about ninety words', () => {
    const words = say('', ['Please tell me a long story.']).split(' ').length
    expect(words).toBeGreaterThan(80)
    expect(words).toBeLessThan(110)
  })

  it.each([
    ['', 'Hello, how can I help you?'],
    ['my number is five five five one two three four', 'I have noted five five five one two three four.'],
    ['[keys pressed: 42#]', 'You pressed 4 2 #.'],
    ['42', 'You pressed 4 2.'],
    ['I would like to speak to a human, please.', 'colleague'],
    ['What are your opening hours?', 'nine to five'],
    ['Stop. I have another question.', 'What is your question?'],
    ['The sky is blue', 'I understood: The sky is blue. '],
  ])('answers %j', (said, expected) => {
    expect(say('', [said])).toContain(expected)
  })
})

describe('the analysis', () => {
  const schema = {
    type: 'object',
    properties: {
      summary: { type: 'string' },
      sentiment: { type: 'string', enum: ['negative', 'neutral', 'positive'] },
      intent: { type: 'string' },
      appointment_booked: { type: 'boolean' },
    },
    required: ['summary', 'sentiment', 'intent', 'appointment_booked'],
  }
  const more = { response_format: { type: 'json_schema', json_schema: { name: 'analysis', schema } } }

  it.each([
    ['lines', 'user: Hello, I want an appointment.\nassistant: When?\nuser: Friday at nine. Thank you!'],
    [
      'JSON',
      `Transcript: ${JSON.stringify([
        { role: 'user', text: 'Hello, I want an appointment.' },
        { role: 'user', text: 'Friday at nine. Thank you!' },
      ])}`,
    ],
  ])('reads a transcript given as %s', (_, content) => {
    expect(JSON.parse(say('Analyse this call.', [content], more))).toEqual({
      summary:
        'The caller said “Hello, I want an appointment.” and spoke 2 times. An appointment was asked for: Friday at nine.',
      sentiment: 'positive',
      intent: 'book_appointment',
      appointment_booked: true,
    })
  })
})
