import { XMLParser, XMLValidator } from 'fast-xml-parser'

/** The part of `<Stream>` that matters to the carrier (https://www.twilio.com/docs/voice/twiml/stream). */
export interface StreamNoun {
  url: string
  name: string | null
  track: string | null
  statusCallback: string | null
  statusCallbackMethod: HttpMethod
  parameters: Record<string, string>
}

export type HttpMethod = 'GET' | 'POST'

export type Verb =
  | { verb: 'say'; text: string; voice: string | null; loop: number }
  | { verb: 'play'; url: string; digits: string | null; loop: number }
  | { verb: 'pause'; seconds: number }
  | { verb: 'hangup' }
  | { verb: 'reject'; reason: 'rejected' | 'busy' }
  | { verb: 'redirect'; url: string; method: HttpMethod }
  | { verb: 'connect-stream'; action: string | null; method: HttpMethod; stream: StreamNoun }

/** A document that cannot be run. `code` is from Twilio's error dictionary: 12100 no XML, 12102 wrong root. */
export class TwimlError extends Error {
  override name = 'TwimlError'
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

export interface ParsedTwiml {
  verbs: Verb[]
  /** What was skipped, as the vendor's debugger would list it (12200). */
  warnings: string[]
}

interface XmlNode {
  name: string
  attributes: Record<string, string>
  children: XmlNode[]
  /** All text below this element. */
  text: string
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  htmlEntities: true,
})

/** Reads a TwiML document. Element names are case sensitive; what is unknown is skipped with a warning. Throws `TwimlError`. */
export function parseTwiml(xml: string): ParsedTwiml {
  const root = readRoot(xml)
  const warnings: string[] = []
  const verbs = root.children.flatMap((node) => {
    const verb = toVerb(node, warnings)
    return verb ? [verb] : []
  })
  return { verbs, warnings }
}

function readRoot(xml: string): XmlNode {
  const trimmed = xml.trim()
  // Entity declarations have no place in TwiML, and expanding them is how small documents become huge.
  if (/<!DOCTYPE/i.test(trimmed))
    throw new TwimlError(12100, 'Document parse failure: DOCTYPE is not supported')
  const validity = XMLValidator.validate(trimmed)
  if (validity !== true) {
    throw new TwimlError(12100, `Document parse failure: ${validity.err.msg} (line ${validity.err.line})`)
  }
  let parsed: unknown
  try {
    parsed = parser.parse(trimmed)
  } catch (error) {
    throw new TwimlError(
      12100,
      `Document parse failure: ${error instanceof Error ? error.message : 'not XML'}`,
    )
  }
  const roots = toNodes(parsed)
  const root = roots[0]
  if (!root || roots.length > 1) throw new TwimlError(12100, 'Document parse failure: not one root element')
  if (root.name !== 'Response') throw new TwimlError(12102, 'Invalid TwiML: the root element is not Response')
  return root
}

function toVerb(node: XmlNode, warnings: string[]): Verb | null {
  const { attributes } = node
  switch (node.name) {
    case 'Say':
      return {
        verb: 'say',
        text: node.text.replace(/\s+/g, ' ').trim(),
        voice: attributes.voice ?? null,
        loop: count(attributes.loop, 1),
      }
    case 'Play':
      return {
        verb: 'play',
        url: node.text.trim(),
        digits: attributes.digits ?? null,
        loop: count(attributes.loop, 1),
      }
    case 'Pause':
      return { verb: 'pause', seconds: count(attributes.length, 1) }
    case 'Hangup':
      return { verb: 'hangup' }
    case 'Reject':
      return { verb: 'reject', reason: attributes.reason === 'busy' ? 'busy' : 'rejected' }
    case 'Redirect':
      return { verb: 'redirect', url: node.text.trim(), method: toMethod(attributes.method) }
    case 'Connect':
      return toConnect(node, warnings)
    default:
      warnings.push(`Schema validation warning: element ${node.name} is not simulated`)
      return null
  }
}

function toConnect(node: XmlNode, warnings: string[]): Verb | null {
  const stream = node.children.find((child) => child.name === 'Stream')
  if (!stream || node.children.length !== 1) {
    warnings.push('Schema validation warning: Connect needs exactly one Stream')
    if (!stream) return null
  }
  const parameters: Record<string, string> = {}
  for (const child of stream.children) {
    const { name, value } = child.attributes
    if (child.name !== 'Parameter' || name === undefined || value === undefined) {
      warnings.push(`Schema validation warning: ${child.name} inside Stream`)
    } else if (name.length + value.length > 500) {
      // https://www.twilio.com/docs/voice/twiml/stream: name and value together stay under 500 characters.
      warnings.push(`Parameter ${name} is longer than 500 characters`)
    } else {
      parameters[name] = value
    }
  }
  return {
    verb: 'connect-stream',
    action: node.attributes.action ?? null,
    method: toMethod(node.attributes.method),
    stream: {
      url: stream.attributes.url?.trim() ?? '',
      name: stream.attributes.name ?? null,
      track: stream.attributes.track ?? null,
      statusCallback: stream.attributes.statusCallback ?? null,
      statusCallbackMethod: toMethod(stream.attributes.statusCallbackMethod),
      parameters,
    },
  }
}

function toMethod(text: string | undefined): HttpMethod {
  return text?.toUpperCase() === 'GET' ? 'GET' : 'POST'
}

function count(text: string | undefined, fallback: number): number {
  const value = Number(text ?? fallback)
  return Number.isFinite(value) && value >= 0 ? value : fallback
}

/** The parser keeps order by giving one object per node: `{ Say: [children], ':@': attributes }` or `{ '#text': '…' }`. */
function toNodes(parsed: unknown): XmlNode[] {
  if (!Array.isArray(parsed)) return []
  return parsed.flatMap((entry: Record<string, unknown>) => {
    const name = Object.keys(entry).find((key) => key !== ':@' && key !== '#text')
    if (name === undefined || name.startsWith('#') || name.startsWith('?')) return []
    const attributes = (entry[':@'] ?? {}) as Record<string, string>
    return [{ name, attributes, children: toNodes(entry[name]), text: toText(entry[name]) }]
  })
}

function toText(parsed: unknown): string {
  if (!Array.isArray(parsed)) return ''
  return parsed
    .map((entry: Record<string, unknown>) =>
      typeof entry['#text'] === 'string'
        ? entry['#text']
        : Object.entries(entry)
            .filter(([key]) => key !== ':@')
            .map(([, value]) => toText(value))
            .join(' '),
    )
    .join('')
}
