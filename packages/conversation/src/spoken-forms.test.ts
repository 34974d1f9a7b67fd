import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { languageFor } from './languages/language.ts'
import { speakable } from './speakable.ts'
import { spokenPlaces, withSpokenForms } from './spoken-forms.ts'

const english = languageFor('en-US')

describe('what is written is said', () => {
  test.each([
    ['It costs $29.50 a night.', 'It costs 29 dollars and 50 cents a night.'],
    ['$1, €2 or £0.99', '1 dollar, 2 euros or 99 pence'],
    ['$1,250.00 of $3.5 million', '1250 dollars of 3.5 million dollars'],
    ['12,500 people, 5% more', '12500 people, 5 percent more'],
    ['Call +1 202-555-0100 now.', 'Call plus 1, 2 0 2, 5 5 5, 0 1 0 0 now.'],
    ['Call (202) 555-0100.', 'Call 2 0 2, 5 5 5, 0 1 0 0.'],
    ['Your order is 48213377.', 'Your order is 4 8 2 1 3 3 7 7.'],
    ['On 2024-02-29, or 10-12-2024, at 9:30', 'On 2024-02-29, or 10-12-2024, at 9:30'],
    ['Open 9–17, room #12, No. 5', 'Open 9 to 17, room number 12, number 5'],
    ['See https://www.example.com/a-b/?x=1.', 'See example dot com slash a dash b.'],
    [
      'See example.co.uk or mail jo_doe@mail.example.com.',
      'See example dot co dot uk or mail jo underscore doe at mail dot example dot com.',
    ],
    ['We end at 5 a.m. sharp.', 'We end at 5 a.m. sharp.'],
    ['Dr. Fox vs. Mr. Bear, e.g. here', 'Doctor Fox versus Mister Bear, for example here'],
    ['Soup, bread, etc.', 'Soup, bread, et cetera.'],
    ['Salt & pepper, R&B', 'Salt and pepper, R&B'],
    ['See [our site](https://example.com/a_b).', 'See our site.'],
    ['**$5** off 🎉', '5 dollars off'],
  ])('English: %j', (written, spoken) => {
    expect(speakable(written, english)).toBe(spoken)
  })

  test.each([
    ['Cela coûte 29,50 € par nuit.', 'Cela coûte 29 euros 50 par nuit.'],
    ['1 250 € et 1 €, soit 5 %', '1250 euros et 1 euro, soit 5 pour cent'],
    ['M. Renard, Mme Ours & le Dr. Loup, n° 5', 'Monsieur Renard, Madame Ours et le Docteur Loup, numéro 5'],
    ['Voir exemple.fr/menu ou a@b.fr.', 'Voir exemple point fr barre oblique menu ou a arobase b point fr.'],
    ['Appelez le 01 23 45 67 89.', 'Appelez le 01 23 45 67 89.'],
  ])('French: %j', (written, spoken) => {
    expect(speakable(written, languageFor('fr'))).toBe(spoken)
  })

  test('a language without data changes nothing but links', () => {
    const text = 'x $29 & Dr. [y](http://z)'
    expect(withSpokenForms(text, languageFor('xx'))).toBe('x $29 & Dr. y')
  })
})

test('places in the text follow what is said, from its beginning to its end', () => {
  const words = fc.array(fc.constantFrom('and', '$29.50', 'Dr. Fox', 'example.com', '5%', '\n', '😀'), {
    maxLength: 12,
  })
  fc.assert(
    fc.property(words, (list) => {
      const text = list.join(' ')
      const placeOf = spokenPlaces(text, english)
      const places = Array.from({ length: text.length + 1 }, (_, written) => placeOf(written))
      expect(places[0]).toBe(0)
      expect(places.at(-1)).toBeCloseTo(withSpokenForms(text, english).length)
      expect(places).toEqual(places.toSorted((one, other) => one - other))
    }),
  )
})
