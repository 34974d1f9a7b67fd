import type { SpokenRule } from '../spoken-forms.ts'
import { abbreviationRule, addressRules, markdownLink, sayDigits } from './spoken-rules.ts'

const currencies: Readonly<
  Record<string, readonly [one: string, many: string, cent: string, cents: string]>
> = {
  $: ['dollar', 'dollars', 'cent', 'cents'],
  '€': ['euro', 'euros', 'cent', 'cents'],
  '£': ['pound', 'pounds', 'penny', 'pence'],
}

/** How English says what is written. */
export const englishSpokenRules: readonly SpokenRule[] = [
  markdownLink,
  ...addressRules({ dot: 'dot', slash: 'slash', dash: 'dash', underscore: 'underscore', at: 'at' }),
  {
    pattern: /([$€£])\s?(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?(?: (thousand|million|billion)\b)?/g,
    say: (_, sign = '', whole = '', fraction = '', scale = '') => {
      const [one, many, cent, cents] = currencies[sign] ?? ['', '', '', '']
      const amount = whole.replaceAll(',', '')
      const unit = amount === '1' && scale === '' ? one : many
      if (scale !== '') return `${amount}${fraction === '' ? '' : `.${fraction}`} ${scale} ${many}`
      if (fraction.length !== 2)
        return `${amount}${fraction === '' ? '' : `.${fraction}`} ${fraction === '' ? unit : many}`
      const small = Number(fraction)
      if (small === 0) return `${amount} ${unit}`
      const rest = `${small} ${small === 1 ? cent : cents}`
      return amount === '0' ? rest : `${amount} ${unit} and ${rest}`
    },
  },
  {
    // Three groups with nine digits and more, or an area code in brackets or behind a plus: dates and ranges have fewer.
    pattern: /(?<![\w.-])(\+\d{1,3}[ .-]?)?(\(\d{3}\)[ ]?|\d{3}[ .-])(\d{3}[ .-])(\d{4})(?![\w-])/g,
    say: (_, ...groups) => {
      const digits = groups.map((group) => group.replace(/\D/g, '')).filter((group) => group !== '')
      return `${groups[0] === '' ? '' : 'plus '}${sayDigits(digits)}`
    },
  },
  { pattern: /(?<![\w.,-])\+?\d{7,}(?![\w,]|\.\d)/g, say: (number) => sayDigits([number.replace('+', '')]) },
  { pattern: /\b\d{1,3}(?:,\d{3})+\b/g, say: (number) => number.replaceAll(',', '') },
  { pattern: /(\d)\s?%/g, say: (_, digit) => `${digit} percent` },
  { pattern: /(\d)\s?–\s?(?=\d)/g, say: (_, digit) => `${digit} to ` },
  { pattern: /(?<=\s)&(?=\s)/g, say: () => 'and' },
  { pattern: /#(?=\d)/g, say: () => 'number ' },
  { pattern: /\b[Nn]o\.\s?(?=\d)/g, say: () => 'number ' },
  abbreviationRule({
    mr: 'Mister',
    mrs: 'Missus',
    dr: 'Doctor',
    prof: 'Professor',
    'e.g': 'for example',
    'i.e': 'that is',
    etc: 'et cetera',
    vs: 'versus',
    approx: 'approximately',
    apt: 'apartment',
    dept: 'department',
  }),
]
