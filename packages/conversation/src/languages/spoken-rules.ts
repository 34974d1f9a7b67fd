import type { SpokenRule } from '../spoken-forms.ts'

/** `[our site](https://…)`: only its words are said, in any language. */
export const markdownLink: SpokenRule = {
  pattern: /!?\[([^\]]*)\]\([^)\s]*\)/g,
  say: (_, words) => words ?? '',
}

/** The signs of addresses, as words of a language. */
export interface AddressWords {
  dot: string
  slash: string
  dash: string
  underscore: string
  at: string
}

/** Domains said as such without a scheme in front; `a.m` and `end.Then` are none. */
const topDomains =
  'com|org|net|edu|gov|info|biz|shop|app|dev|io|ai|co|me|tv|eu|uk|us|ca|fr|de|es|it|nl|be|ch|at'

/** E-mail and web addresses, sign by sign. What follows `?` or `#` nobody can listen to. */
export function addressRules(words: AddressWords): SpokenRule[] {
  const say = (address: string): string =>
    address
      .replaceAll('.', ` ${words.dot} `)
      .replaceAll('/', ` ${words.slash} `)
      .replaceAll('-', ` ${words.dash} `)
      .replaceAll('_', ` ${words.underscore} `)
      .replaceAll('+', ' plus ')
      .replace(/ {2,}/g, ' ')
      .trim()
  const path = '(?:\\/[\\w.~%+/-]*[\\w~%+/-])?'
  const saySite = (site: string): string => say(site.replace(/^www\./i, '').replace(/\/+$/, ''))
  return [
    {
      pattern: /([\w.+-]+)@((?:[\w-]+\.)+[a-z]{2,})/gi,
      say: (_, name = '', host = '') => `${say(name)} ${words.at} ${say(host)}`,
    },
    {
      pattern: new RegExp(`https?:\\/\\/([\\w.-]*\\w${path})(?:[?#]\\S*[\\w/])?`, 'gi'),
      say: (_, site = '') => saySite(site),
    },
    {
      pattern: new RegExp(`\\b((?:[a-z0-9-]+\\.)+(?:${topDomains})\\b${path})`, 'gi'),
      say: (_, site = '') => saySite(site),
    },
  ]
}

/** Abbreviations with a full stop, which stays where it ends the sentence. */
export function abbreviationRule(said: Readonly<Record<string, string>>): SpokenRule {
  const names = Object.keys(said).map((name) => name.replaceAll('.', '\\.'))
  return {
    pattern: new RegExp(`(?<![\\p{L}\\p{N}.])(${names.join('|')})(?:(\\.)(?=\\s*$)|\\.)`, 'giu'),
    say: (_, name = '', stop = '') => `${said[name.toLowerCase()] ?? name}${stop}`,
  }
}

/** Digits one by one, a comma between groups: telephone, account and order numbers. */
export function sayDigits(groups: readonly string[]): string {
  return groups.map((group) => [...group].join(' ')).join(', ')
}
