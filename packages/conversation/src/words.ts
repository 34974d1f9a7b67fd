/**
 * Text as a list of words in normal form, which is what phrases are compared in: lower case, apostrophes straight, hyphens and punctuation as
 * spaces. Accents stay, because they carry meaning.
 */
export function wordsOf(text: string): string[] {
  const plain = text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[’ʼ`]/g, "'")
    .replace(/[^\p{L}\p{N}\p{M}'@]+/gu, ' ')
  return plain
    .split(' ')
    .map((word) => word.replace(/^'+|'+$/g, ''))
    .filter((word) => word !== '')
}

/** Whether the words of `phrase` stand next to each other in `words`, at `position` when that is given. An empty phrase is nowhere. */
export function hasPhrase(words: readonly string[], phrase: string, position?: 'start' | 'end'): boolean {
  const wanted = wordsOf(phrase)
  if (wanted.length === 0 || wanted.length > words.length) return false
  const last = words.length - wanted.length
  const from = position === 'end' ? last : 0
  const to = position === 'start' ? 0 : last
  for (let at = from; at <= to; at++) {
    if (wanted.every((word, index) => words[at + index] === word)) return true
  }
  return false
}

/** Whether `words` is nothing but `phrases`, one after another. With `mayGoOn`, the last phrase may still be incomplete. */
export function isMadeOf(words: readonly string[], phrases: readonly string[], mayGoOn = false): boolean {
  const lists = phrases.map(wordsOf).filter((list) => list.length > 0)
  // reachable[n]: the first n words are whole phrases.
  const reachable = new Set([0])
  for (let at = 0; at < words.length; at++) {
    if (!reachable.has(at)) continue
    const left = words.length - at
    for (const list of lists) {
      if (list.length <= left && list.every((word, index) => words[at + index] === word)) {
        reachable.add(at + list.length)
      } else if (mayGoOn && isBeginning(words.slice(at), list)) {
        return true
      }
    }
  }
  return words.length > 0 && reachable.has(words.length)
}

/** Whether `words` could grow into `whole`; the last word may be cut. */
function isBeginning(words: readonly string[], whole: readonly string[]): boolean {
  if (words.length > whole.length) return false
  return words.every((word, index) =>
    index === words.length - 1 ? (whole[index] ?? '').startsWith(word) : whole[index] === word,
  )
}
