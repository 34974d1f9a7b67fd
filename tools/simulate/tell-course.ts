import type { Course, OutsideEvent } from './course.ts'
import { replay } from './play.ts'

/** A course as a transcript: the settings, then a line per event with the timers among them. Its lines can be put under a heading in `transcripts/`. */
export function tellCourse(course: Course): string {
  const lines = (replay(course)?.told ?? course.trace).map(
    ({ atMs, event }) => `at ${atMs} ${tellEvent(event)}`,
  )
  return [`settings ${JSON.stringify(course.settings)}`, ...lines].join('\n')
}

function tellEvent(event: OutsideEvent): string {
  const text = (words: string): string => `"${words.replaceAll('\n', '\\n')}"`
  switch (event.type) {
    case 'call-started':
      return `call-started${event.resumed ? ' resumed' : ''}${event.isSilenced ? ' silenced' : ''}${event.isDisclosed ? ' disclosed' : ''}`
    case 'speech-started':
    case 'speech-stopped':
      return `${event.type} from ${event.atMs}`
    case 'transcript-partial':
    case 'transcript-final':
      return `${event.type} ${event.itemId} ${text(event.text)}`
    case 'transcript-failed':
      return `${event.type} ${event.itemId}`
    case 'turn-signal':
      return `${event.type} ${event.signal ?? 'none'}`
    case 'key-pressed':
      return `${event.type} ${event.digit}`
    case 'llm-delta':
      return `${event.type} ${event.responseId} ${text(event.text)}`
    case 'llm-tools':
      return `${event.type} ${event.responseId} ${event.calls.map(({ id, name }) => `${id}:${name}`).join(' ')}`
    case 'tool-finished':
      return `${event.type} ${event.callId} ${text(event.output)}`
    case 'clause-voiced':
    case 'clause-started':
    case 'clause-played':
    case 'tts-failed':
      return `${event.type} ${event.responseId}.${event.clauseId}`
    case 'playback-cleared': {
      const heard = event.clauses.map(
        ({ clauseId, heardMs, durationMs }) => `${clauseId}:${heardMs}/${durationMs ?? '?'}`,
      )
      return [event.type, event.responseId, ...heard].join(' ')
    }
    case 'llm-finished':
    case 'llm-broken-off':
    case 'llm-failed':
      return `${event.type} ${event.responseId}`
    case 'timer-fired':
      return `${event.type} ${event.timer}`
    case 'say-requested':
      return `${event.type} ${event.isUrgent ? 'urgent ' : ''}${text(event.text)}`
    case 'keys-requested':
      return `${event.type} ${event.digits}`
    case 'context-added':
      return `${event.type} ${text(event.text)}`
    case 'silence-requested':
      return `${event.type} ${event.isSilenced ? 'on' : 'off'}`
    case 'end-requested':
      return `${event.type} ${event.reason}${event.message === null ? '' : ` ${text(event.message)}`}`
    case 'stt-failed':
    case 'carrier-stopped':
    case 'process-killed':
      return event.type
    default:
      return event satisfies never
  }
}
