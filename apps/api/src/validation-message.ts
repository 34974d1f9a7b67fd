import type { z } from 'zod'

/** What zod calls a type, in words that people who send JSON use. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
}

/** Completes the sentence that begins with the field's name. What a schema says in its own words stays; only zod's are replaced. */
export function messageOf(issue: z.core.$ZodIssue): string {
  if (!/^(Invalid|Too) /.test(issue.message)) return issue.message
  if (issue.message.endsWith('received undefined')) return 'is required'
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPES[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map((value) => JSON.stringify(value)).join(', ')}`
    case 'too_small':
      return bound(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)
    case 'too_big':
      return bound(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)
    case 'invalid_format':
      return issue.format === 'datetime'
        ? 'must be a time with its zone, for example 2026-02-28T14:30:00Z'
        : 'is not of the right form'
    case 'invalid_key':
      return issue.issues[0]
        ? `has a name that ${messageOf(issue.issues[0])}`
        : 'has a name that is not valid'
    case 'invalid_union':
      return unionMessage(issue.errors)
    default:
      return issue.message
  }
}

function bound(origin: string, relation: string, limit: number | bigint): string {
  if (origin === 'string') return `must have ${relation} ${limit} ${limit === 1 ? 'character' : 'characters'}`
  if (origin === 'array' || origin === 'set')
    return `must have ${relation} ${limit} ${limit === 1 ? 'item' : 'items'}`
  return `must be ${relation} ${limit}`
}

/** Of several things that a field may be, each once. */
function unionMessage(branches: readonly (readonly z.core.$ZodIssue[])[]): string {
  const messages = branches.flatMap((issues) => issues.slice(0, 1).map(messageOf))
  const [first, ...rest] = new Set(messages)
  if (first === undefined) return 'is not valid'
  return [first, ...rest.map((message) => message.replace(/^must be /, ''))].join(', or ')
}
