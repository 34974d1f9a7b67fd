/** Reads TypeScript just far enough to find SQL in it: what is code, what is a string, a comment, a regular expression, and how templates nest. */

/** A piece of source that speaks to the database. */
export interface Piece {
  /** `sql`: a tagged template, what is nested in it included. `orm`: a chain of calls on drizzle's client. */
  kind: 'sql' | 'orm'
  text: string
  /** Counts from 1. */
  line: number
  /** The function or constant of the file that it stands in. */
  verb: string
}

/** The pieces of a file, in order. The source is as the formatter leaves it: what stands at the beginning of a line is at the top of the file. */
export function scanSource(source: string): Piece[] {
  const pieces: Piece[] = []
  const add = (kind: Piece['kind'], from: number, to: number) => {
    const before = source.slice(0, from)
    const names = [...before.matchAll(/^(?:export )?(?:async )?(?:function\*? |const )(\w+)/gm)]
    pieces.push({
      kind,
      text: source.slice(from, to),
      line: before.split('\n').length,
      verb: names.at(-1)?.[1] ?? '(file)',
    })
  }
  for (let at = 0; at < source.length; ) {
    if (source.startsWith('.orm', at) && /^\.orm\b/.test(source.slice(at, at + 5))) {
      const end = endOfChain(source, at)
      add('orm', at, end)
      at = end
      continue
    }
    const end = skip(source, at)
    if (source[at] === '`' && isTaggedSql(source.slice(0, at))) add('sql', at, end)
    at = end
  }
  return pieces
}

/** Where the thing that begins here is over: a comment, string, regular expression or template as a whole, otherwise one character. */
function skip(source: string, at: number): number {
  const character = source[at]
  const next = source[at + 1]
  if (character === '/' && next === '/') return endAfter(source, '\n', at)
  if (character === '/' && next === '*') return endAfter(source, '*/', at + 2)
  if (character === '`') return endOfTemplate(source, at)
  if (character === "'" || character === '"') return endOfQuoted(source, at, character)
  if (character === '/' && /(?:[(,=:[!&|?{};>]|\breturn)\s*$/.test(source.slice(Math.max(0, at - 20), at)))
    return endOfRegExp(source, at)
  return at + 1
}

function endAfter(source: string, mark: string, from: number): number {
  const found = source.indexOf(mark, from)
  return found < 0 ? source.length : found + mark.length
}

function endOfQuoted(source: string, start: number, quote: string): number {
  let at = start + 1
  while (at < source.length && source[at] !== quote) at += source[at] === '\\' ? 2 : 1
  return at + 1
}

function endOfRegExp(source: string, start: number): number {
  let isInClass = false
  for (let at = start + 1; at < source.length; at++) {
    const character = source[at]
    if (character === '\\') at++
    else if (character === '[') isInClass = true
    else if (character === ']') isInClass = false
    else if (character === '/' && !isInClass) return at + 1
  }
  return source.length
}

function endOfTemplate(source: string, start: number): number {
  let at = start + 1
  while (at < source.length && source[at] !== '`') {
    if (source[at] === '\\') at += 2
    else if (source.startsWith('${', at)) at = endOfBrackets(source, at + 1)
    else at++
  }
  return at + 1
}

/** Behind the bracket that closes the one at `start`. */
function endOfBrackets(source: string, start: number): number {
  let depth = 0
  for (let at = start; at < source.length; ) {
    const character = source[at] ?? ''
    if ('([{'.includes(character)) depth++
    if (')]}'.includes(character) && --depth === 0) return at + 1
    at = skip(source, at)
  }
  return source.length
}

/** Behind the last call of a chain. */
function endOfChain(source: string, start: number): number {
  let at = start
  for (;;) {
    const link = /^\s*\.\$?\w+/.exec(source.slice(at, at + 200))
    if (!link) return at
    at += link[0].length
    if (source[at] === '(') at = endOfBrackets(source, at)
  }
}

/** Whether what stands before a backtick is `sql`, with or without a type of its rows. */
function isTaggedSql(before: string): boolean {
  let end = before.length
  if (before[end - 1] === '>') {
    let depth = 0
    do {
      end--
      if (before[end] === '>' && before[end - 1] !== '=') depth++
      if (before[end] === '<') depth--
    } while (depth > 0 && end > 0)
  }
  return /\bsql$/.test(before.slice(0, end))
}
