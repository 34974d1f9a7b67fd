import { expect, test } from 'vitest'
import { takeHangupMarker, withoutHangupMarkers } from './hangup-marker.ts'
import { languageFor } from './languages/language.ts'
import { speakable } from './speakable.ts'

test.each([
  ['**Hello** _there_, `you`!', 'Hello there, you!'],
  ['# Menu\n- soup\n- bread', 'Menu soup bread'],
  ['See [our site](https://example.com/a_b).', 'See our site.'],
  ['Great 🎉👍🏽 news 👨‍👩‍👧!', 'Great news !'],
  ['my_file_name and 2 * 3', 'my_file_name and 2 3'],
  ['It costs $29.', 'It costs $29.'],
  ['---', ''],
  ['😀 ', ''],
  ['Bye <hangup/>', 'Bye'],
  ['Très bien, ça va ?', 'Très bien, ça va ?'],
])('makes %j speakable', (written, spoken) => {
  expect(speakable(written, languageFor('xx'))).toBe(spoken)
})

test.each([
  ['Goodbye! <hangup/>', 'Goodbye! ', true],
  ['Goodbye!<HANGUP />\n', 'Goodbye!', true],
  ['<hangup/>', '', true],
  ['Goodbye! <hang', 'Goodbye! ', false],
  ['1 < 2 and 2 <', '1 < 2 and 2 <', false],
  ['say <hangup/> to end', 'say <hangup/> to end', false],
])('takes the hang-up marker off the end of %j', (written, text, isFound) => {
  expect(takeHangupMarker(written)).toEqual({ text, isFound })
})

test('a marker inside a message has no effect and is not written', () => {
  expect(withoutHangupMarkers('say <hangup/> to end')).toBe('say  to end')
})
