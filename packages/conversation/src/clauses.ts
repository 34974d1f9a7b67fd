import type { Language } from './languages/language.ts'

/**
 * Cuts the growing text of a language model into clauses for the voice.
 *
 * Every decision looks at the text before a place and at one non-blank character behind it, never at where the stream was cut, so any cut of the
 * same text gives the same clauses; blanks stay at the end of the clause before them, so the clauses joined are the text again.
 * A clause ends
 * - at a newline;
 * - at a sentence mark followed by a blank, unless it belongs to an abbreviation, an initial or a list number, or the sentence goes on in lower case;
 * - at a full-width sentence mark, blank or not;
 * - for the first clause of an answer, at a comma or dash once it is long enough to hide the voice's delay;
 * - at any blank when it has grown too long, and anywhere when there is no blank.
 * A short sentence that is not the first is kept for the next one: voices sound better on longer text.
 */
export interface ClauseSplit {
  clauses: readonly string[]
  /** Text whose end is not known yet. */
  rest: string
}

const firstClauseCommaFrom = 40
const laterClauseFrom = 20
const longClauseFrom = 300
const longestClause = 1000

const marks = '.!?…'
const wideMarks = '。！？｡।؟۔'
const closers = '"\'”’»)]}*_'

/** Takes the finished clauses off the front of `text`. `spokenBefore` says how many clauses of this answer were cut before. */
export function splitClauses(text: string, spokenBefore: number, language: Language): ClauseSplit {
  const clauses: string[] = []
  let rest = text
  for (;;) {
    const end = findClauseEnd(rest, spokenBefore + clauses.length === 0, language)
    if (end === null) return { clauses, rest }
    clauses.push(rest.slice(0, end))
    rest = rest.slice(end)
  }
}

/** Where the first clause of `text` ends, blanks behind it included; null when that is not certain yet. */
function findClauseEnd(text: string, isFirst: boolean, language: Language): number | null {
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    if (at >= longestClause && !isLowSurrogate(character)) return at
    let end: number | null = null
    if (character === '\n') end = at + 1
    else if (wideMarks.includes(character)) end = skipClosers(text, at + 1)
    else if (marks.includes(character)) {
      const after = skipClosers(text, at + 1)
      if (isBlank(text[after]) && !isInsideSentence(text, at, after, language)) end = after
    } else if (
      isFirst &&
      at >= firstClauseCommaFrom &&
      ',;:—–'.includes(character) &&
      isBlank(text[at + 1])
    ) {
      end = at + 1
    } else if (at >= longClauseFrom && isBlank(character)) end = at
    if (end === null) continue
    const next = skipBlanks(text, end)
    if (next === text.length) return null
    if (text.slice(0, end).trim() === '') continue
    if (!isFirst && next < laterClauseFrom) continue
    return next
  }
  return null
}

/** Whether the full stop at `at` ends nothing. Its blank at `after` is known to be there; the character behind the blanks may be. */
function isInsideSentence(text: string, at: number, after: number, language: Language): boolean {
  if (text[at] !== '.' && text[at] !== '…') return false
  const next = text[skipBlanks(text, after)]
  if (next !== undefined && /\p{Ll}/u.test(next)) return true
  if (text[at] === '…') return false
  const word = /[^\s("'“«[]*$/.exec(text.slice(0, at))?.[0].toLowerCase() ?? ''
  if (language.abbreviations.includes(word)) return true
  if (/^\p{L}$/u.test(word) && word !== 'i') return true
  return /^\d{1,2}$/.test(word) && /(^|\n)\s*$/.test(text.slice(0, at - word.length))
}

function skipClosers(text: string, from: number): number {
  let at = from
  while (
    at < text.length &&
    (closers.includes(text[at]!) || marks.includes(text[at]!) || wideMarks.includes(text[at]!))
  )
    at++
  return at
}

function skipBlanks(text: string, from: number): number {
  let at = from
  while (at < text.length && isBlank(text[at])) at++
  return at
}

function isBlank(character: string | undefined): boolean {
  return character !== undefined && /\s/.test(character)
}

function isLowSurrogate(character: string): boolean {
  return character >= '\udc00' && character <= '\udfff'
}
