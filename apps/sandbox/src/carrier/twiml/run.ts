import { type HttpMethod, parseTwiml, type StreamNoun, TwimlError, type Verb } from './parse.ts'

/** Documents one call may run. A document that redirects to itself would otherwise never end. */
const DOCUMENTS_MAX = 500
/** Rounds of a looped prompt; `loop="0"` means "until hang-up". */
const LOOPS_MAX = 10_000

/** Where instructions come from. An inline document has no URL, so nothing relative resolves against it. */
export type Source = { kind: 'url'; url: string; method: HttpMethod } | { kind: 'inline'; twiml: string }

export interface FetchedDocument {
  contentType: string
  body: Uint8Array
  url: string
}

/** What a running document may do to its call. Every wait ends early when `signal` aborts. */
export interface ScriptHost {
  /** Asks for a document, or for audio. Throws an error with a numeric `code` when there is none. */
  fetch(url: string, method: HttpMethod, signal: AbortSignal): Promise<FetchedDocument>
  /** Picks up an inbound call; nothing when it is live already. */
  answer(): void
  readonly isAnswered: boolean
  say(text: string, voice: string | null, signal: AbortSignal): Promise<void>
  playAudio(audio: Uint8Array, signal: AbortSignal): Promise<void>
  playDigits(digits: string, signal: AbortSignal): Promise<void>
  wait(ms: number, signal: AbortSignal): Promise<void>
  /** Resolves when the stream is over. */
  stream(stream: StreamNoun, signal: AbortSignal): Promise<void>
  reject(reason: 'rejected' | 'busy'): void
  /** An entry in the debugger. */
  warn(code: number, message: string): void
}

export const APOLOGY = 'We are sorry. An application error has occurred. Goodbye.'

/** Where a document leads. */
type Outcome = { kind: 'end' } | { kind: 'go'; source: Source }

/**
 * Runs documents until one of them leads nowhere. Resolves then; the caller hangs up. The fallback serves the first document only. When
 * nothing works the phone hears an apology.
 */
export async function runScript(
  host: ScriptHost,
  first: Source,
  fallback: { url: string; method: HttpMethod } | null,
  signal: AbortSignal,
): Promise<void> {
  let source = first
  let spare = fallback
  for (let documents = 0; documents < DOCUMENTS_MAX; documents++) {
    signal.throwIfAborted()
    try {
      const outcome = await runDocument(host, source, signal)
      if (outcome.kind === 'end') return
      source = outcome.source
      spare = null
    } catch (error) {
      signal.throwIfAborted()
      host.warn(toCode(error), error instanceof Error ? error.message : String(error))
      if (!spare) return apologise(host, signal)
      source = { kind: 'url', ...spare }
      spare = null
    }
  }
  host.warn(11200, `More than ${DOCUMENTS_MAX} documents in one call`)
}

async function apologise(host: ScriptHost, signal: AbortSignal): Promise<void> {
  host.answer()
  await host.say(APOLOGY, null, signal)
}

async function runDocument(host: ScriptHost, source: Source, signal: AbortSignal): Promise<Outcome> {
  if (source.kind === 'inline') return runTwiml(host, source.twiml, null, signal)
  const { contentType, body, url } = await host.fetch(source.url, source.method, signal)
  if (contentType.startsWith('audio/')) {
    host.answer()
    await host.playAudio(body, signal)
    return { kind: 'end' }
  }
  const text = Buffer.from(body).toString('utf8')
  if (contentType === 'text/plain' && !text.trimStart().startsWith('<')) {
    host.answer()
    await host.say(text, null, signal)
    return { kind: 'end' }
  }
  if (!['text/xml', 'application/xml', 'text/html', 'text/plain'].includes(contentType)) {
    throw new TwimlError(12300, `Invalid Content-Type: ${contentType || 'none'}`)
  }
  return runTwiml(host, text, { url, method: source.method }, signal)
}

async function runTwiml(
  host: ScriptHost,
  xml: string,
  base: { url: string; method: HttpMethod } | null,
  signal: AbortSignal,
): Promise<Outcome> {
  const { verbs, warnings } = parseTwiml(xml)
  for (const warning of warnings) host.warn(12200, warning)
  for (const verb of verbs) {
    const outcome = await runVerb(host, verb, base, signal)
    signal.throwIfAborted()
    if (outcome) return outcome
  }
  return { kind: 'end' }
}

/** Null: go on with the next verb. */
async function runVerb(
  host: ScriptHost,
  verb: Verb,
  base: { url: string; method: HttpMethod } | null,
  signal: AbortSignal,
): Promise<Outcome | null> {
  switch (verb.verb) {
    case 'say': {
      host.answer()
      await repeat(verb.loop, signal, () => host.say(verb.text, verb.voice, signal))
      return null
    }
    case 'play': {
      host.answer()
      if (verb.digits !== null) {
        await repeat(verb.loop, signal, () => host.playDigits(verb.digits ?? '', signal))
        return null
      }
      const { body } = await host.fetch(resolve(verb.url, base), 'GET', signal)
      await repeat(verb.loop, signal, () => host.playAudio(body, signal))
      return null
    }
    case 'pause':
      // As the first verb it delays answering.
      await host.wait(verb.seconds * 1000, signal)
      return null
    case 'hangup':
      host.answer()
      return { kind: 'end' }
    case 'reject':
      if (host.isAnswered) host.warn(12200, 'Reject is only possible before the call is answered')
      else host.reject(verb.reason)
      return { kind: 'end' }
    case 'redirect':
      if (verb.url === '' && !base)
        throw new TwimlError(11100, 'Redirect without a URL in a document without one')
      return { kind: 'go', source: { kind: 'url', url: resolve(verb.url, base), method: verb.method } }
    case 'connect-stream':
      host.answer()
      await host.stream(verb.stream, signal)
      if (verb.action === null) return null
      return { kind: 'go', source: { kind: 'url', url: resolve(verb.action, base), method: verb.method } }
    default:
      return verb satisfies never
  }
}

/** Round 0 times means without end. A prompt of no length would spin, so each round gives way. */
async function repeat(times: number, signal: AbortSignal, run: () => Promise<void>): Promise<void> {
  const rounds = times === 0 ? LOOPS_MAX : Math.min(times, LOOPS_MAX)
  for (let round = 0; round < rounds; round++) {
    await run()
    signal.throwIfAborted()
  }
}

function resolve(url: string, base: { url: string } | null): string {
  // An absolute URL stays byte for byte what it was: signatures cover it.
  if (URL.canParse(url)) return url
  try {
    return new URL(url, base?.url).href
  } catch {
    throw new TwimlError(base ? 11100 : 15004, `Invalid URL format: ${url}`)
  }
}

function toCode(error: unknown): number {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : 12100
}
