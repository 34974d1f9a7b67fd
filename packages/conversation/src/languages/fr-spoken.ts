import type { SpokenRule } from '../spoken-forms.ts'
import { abbreviationRule, addressRules, markdownLink } from './spoken-rules.ts'

const currencies: Readonly<Record<string, readonly [one: string, many: string]>> = {
  '€': ['euro', 'euros'],
  $: ['dollar', 'dollars'],
  '£': ['livre', 'livres'],
}

/** How French says what is written. Telephone numbers are written in pairs already, which is how they are said. */
export const frenchSpokenRules: readonly SpokenRule[] = [
  markdownLink,
  ...addressRules({
    dot: 'point',
    slash: 'barre oblique',
    dash: 'tiret',
    underscore: 'tiret bas',
    at: 'arobase',
  }),
  {
    pattern: /(\d{1,3}(?:[ \u00a0\u202f]\d{3})+|\d+)(?:,(\d{2}))?[ \u00a0\u202f]?([€$£])/g,
    say: (_, whole = '', fraction = '', sign = '') => {
      const [one, many] = currencies[sign] ?? ['', '']
      const amount = whole.replace(/\D/g, '')
      const unit = Number(amount) < 2 ? one : many
      return `${amount} ${unit}${Number(fraction) === 0 ? '' : ` ${Number(fraction)}`}`
    },
  },
  { pattern: /(\d)[ \u00a0\u202f]?%/g, say: (_, digit) => `${digit} pour cent` },
  { pattern: /(\d)\s?–\s?(?=\d)/g, say: (_, digit) => `${digit} à ` },
  { pattern: /(?<=\s)&(?=\s)/g, say: () => 'et' },
  { pattern: /\bn°\s?(?=\d)/gi, say: () => 'numéro ' },
  { pattern: /\bMme\b\.?/g, say: () => 'Madame' },
  { pattern: /\bMlle\b\.?/g, say: () => 'Mademoiselle' },
  { pattern: /\bM\.(?=\s\p{Lu})/gu, say: () => 'Monsieur' },
  abbreviationRule({ dr: 'Docteur', 'p. ex': 'par exemple', etc: 'et cetera', env: 'environ' }),
]
