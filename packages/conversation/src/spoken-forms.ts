import type { Language } from './languages/language.ts'

/** How something written is said, where that is not how it is read: a price, an address, an abbreviation. */
export interface SpokenRule {
  /** Global; finds the written form. */
  pattern: RegExp
  /** What to say, given the match and its groups (an absent group is the empty string); null: as it is written. */
  say(match: string, ...groups: string[]): string | null
}

/** One written form in a text. */
interface SpokenForm {
  from: number
  to: number
  spoken: string
}

/** The forms in a text, in order and apart from each other; where two rules claim the same place, the earlier rule has it. */
function spokenFormsIn(text: string, language: Language): SpokenForm[] {
  const forms: SpokenForm[] = []
  for (const { pattern, say } of language.spokenRules) {
    for (const match of text.matchAll(pattern)) {
      const [from, to] = [match.index, match.index + match[0].length]
      if (forms.some((form) => from < form.to && form.from < to)) continue
      const spoken = say(match[0], ...match.slice(1).map((group) => group ?? ''))
      if (spoken !== null) forms.push({ from, to, spoken })
    }
  }
  return forms.sort((one, other) => one.from - other.from)
}

/** The text with every form written out. */
export function withSpokenForms(text: string, language: Language): string {
  let result = ''
  let at = 0
  for (const { from, to, spoken } of spokenFormsIn(text, language)) {
    result += text.slice(at, from) + spoken
    at = to
  }
  return result + text.slice(at)
}

/** Maps a place in the written text to the place in what is said; inside a form, in proportion. */
export function spokenPlaces(text: string, language: Language): (written: number) => number {
  const forms = spokenFormsIn(text, language)
  return (written) => {
    let moved = written
    for (const { from, to, spoken } of forms) {
      if (written <= from) break
      const share = Math.min(1, (written - from) / (to - from))
      moved += (spoken.length - (to - from)) * share
    }
    return moved
  }
}
