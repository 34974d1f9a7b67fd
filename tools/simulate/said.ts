/** What people, models and tools say in a simulated call. Sentences with a mark of their own can be followed through the whole conversation. */
import type { Random } from '../random.ts'

const syllables = ['za', 'bo', 'ri', 'mu', 'ke', 'lo', 'vi', 'tu']
/** A guess may end in the middle of one, which is not yet one. */
const tagPattern = /xq[a-wyz]+x/g

/** A word nobody else says, made of the number. */
function tagOf(number: number): string {
  let tag = 'xq'
  for (let rest = number + 8; rest > 0; rest = Math.floor(rest / 8)) tag += syllables[rest % 8]
  return `${tag}x`
}

/** The marks in a text. */
export function taggedIn(text: string): string[] {
  return text.match(tagPattern) ?? []
}

const shortTexts = [
  ...[
    '',
    '',
    'Yes.',
    'uh huh',
    'okay',
    'stop',
    'no',
    'hello?',
    'mm-hm',
    'thanks, goodbye',
    'My number is five five',
  ],
  ...['and', 'Do you?', 'thank you, bye', 'go on'],
]

/** Something the caller says; `number` makes it unlike anything said before. */
export function callerText(random: Random, number: number): string {
  if (random.next() < 0.4) return random.pick(shortTexts)
  const tag = tagOf(number)
  return random.pick([
    `I would like the ${tag} room for two.`,
    `Is the ${tag} still open tomorrow?`,
    `well my name for the ${tag} list is`,
    `Please put the ${tag} on the table and`,
  ])
}

export const answers: readonly string[] = [
  'Sure. Let me see what we have for you. ',
  'We have a table at nine, and another at ten. Which one would you like?',
  'Of course! 😀 It costs $29.50 per night, breakfast included, and you can cancel until noon on the day before.',
  'Thank you for calling. Goodbye! <hangup/>',
  '<hangup/>',
  'No.',
  '',
  '😀',
  'Our hotel has forty rooms. All of them look out on the sea. Breakfast is served until ten every day. The pool is open from seven until nine in the evening.\n- one\n- two',
  'Wait <han',
]
