import { readAppointment } from './appointment.ts'
import type { ChatMessage } from './chat-request.ts'
import { containsPhrase } from './instructions.ts'

/** What the simulated model makes of a conversation. */
export interface Findings {
  summary: string
  sentiment: 'positive' | 'neutral' | 'negative'
  /** e.g. `book_appointment`. */
  intent: string
  /** Everything said, for looking things up. */
  transcript: string
}

interface Line {
  isCaller: boolean
  text: string
}

const LINE =
  /^\s*(?:[-*]\s*)?(?:\[[^\]]*\]\s*)?"?(user|caller|customer|client|assistant|agent|ai|bot)"?\s*(?:\([^)]*\))?\s*[:>]\s*(.+)$/i
const POSITIVE = [
  'thanks',
  'thank you',
  'great',
  'perfect',
  'wonderful',
  'lovely',
  'happy',
  'excellent',
  'merci',
  'parfait',
]
const NEGATIVE = [
  'angry',
  'terrible',
  'awful',
  'complaint',
  'complain',
  'unacceptable',
  'frustrated',
  'bad',
  'never again',
  'furieux',
]
const INTENTS: readonly (readonly [intent: string, phrases: readonly string[]])[] = [
  ['speak_to_human', ['human', 'real person', 'operator', 'conseiller']],
  ['cancel_appointment', ['cancel', 'annuler']],
  ['book_appointment', ['appointment', 'book', 'booking', 'schedule', 'rendez-vous', 'réserver']],
  ['ask_opening_hours', ['opening hours', 'are you open', 'horaires']],
  ['ask_price', ['price', 'prices', 'how much', 'prix', 'combien']],
  ['leave_number', ['my number is']],
  ['hear_a_story', ['story', 'histoire']],
]
/** The same as one JSON object a line. */
const JSON_LINE = /^\s*\{"(user|assistant|caller|agent)":(".*")\}\s*$/i

/** Reads the transcript in the messages: lines such as `user: …` or `{"user":"…"}`, a JSON array of `{role, text|content}`, or the chat turns themselves. */
export function analyse(messages: readonly ChatMessage[]): Findings {
  const lines = findLines(messages)
  const callerText = lines
    .filter((line) => line.isCaller)
    .map((line) => line.text)
    .join(' ')
  return {
    summary: summarise(lines, callerText),
    sentiment: sentimentOf(callerText),
    intent:
      INTENTS.find(([, phrases]) => says(callerText, phrases))?.[0] ??
      (callerText ? 'general_inquiry' : 'none'),
    transcript: lines.map((line) => line.text).join(' '),
  }
}

function findLines(messages: readonly ChatMessage[]): Line[] {
  const written = messages.flatMap(
    (message) => readJsonLines(message.content) ?? readTextLines(message.content),
  )
  if (written.length > 0) return written
  return messages
    .filter((message) => message.role === 'user' || message.role === 'assistant')
    .map((message) => ({ isCaller: message.role === 'user', text: message.content }))
}

function readTextLines(content: string): Line[] {
  return content.split('\n').flatMap((raw) => {
    const match = LINE.exec(raw) ?? JSON_LINE.exec(raw)
    return match ? [{ isCaller: isCallerName(match[1] ?? ''), text: unquoted((match[2] ?? '').trim()) }] : []
  })
}

/** A line written as JSON keeps its text in a JSON string. */
function unquoted(text: string): string {
  if (!text.startsWith('"')) return text
  try {
    return String(JSON.parse(text))
  } catch {
    return text
  }
}

function readJsonLines(content: string): Line[] | null {
  const from = content.indexOf('[{')
  const to = content.lastIndexOf('}]')
  if (from < 0 || to < from) return null
  try {
    const turns: unknown = JSON.parse(content.slice(from, to + 2))
    if (!Array.isArray(turns)) return null
    const lines = turns.flatMap((turn: { role?: unknown; text?: unknown; content?: unknown }) => {
      const text = turn.text ?? turn.content
      return typeof turn.role === 'string' && typeof text === 'string'
        ? [{ isCaller: isCallerName(turn.role), text }]
        : []
    })
    return lines.length > 0 ? lines : null
  } catch {
    return null
  }
}

function isCallerName(name: string): boolean {
  return /^(?:user|caller|customer|client)$/i.test(name)
}

function summarise(lines: readonly Line[], callerText: string): string {
  if (!callerText) return 'The caller said nothing.'
  const first = lines.find((line) => line.isCaller)?.text ?? ''
  const { day, time } = readAppointment(callerText)
  const agreed = day && time ? ` An appointment was asked for: ${day} ${time}.` : ''
  const turns = lines.filter((line) => line.isCaller).length
  return `The caller said “${first.slice(0, 200)}” and spoke ${turns} ${turns === 1 ? 'time' : 'times'}.${agreed}`
}

function sentimentOf(callerText: string): Findings['sentiment'] {
  if (says(callerText, NEGATIVE)) return 'negative'
  return says(callerText, POSITIVE) ? 'positive' : 'neutral'
}

function says(text: string, phrases: readonly string[]): boolean {
  return phrases.some((phrase) => containsPhrase(text, phrase))
}
