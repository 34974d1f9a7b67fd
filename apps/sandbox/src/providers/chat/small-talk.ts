import { readAppointment } from './appointment.ts'
import { containsPhrase } from './instructions.ts'

export type Language = 'en' | 'fr'

/** What the simulated model says without instructions: it runs the telephone of a practice and books appointments. */
interface Phrases {
  hello: string
  whichTime: string
  whichHour(day: string): string
  whichDay(time: string): string
  booked(day: string, time: string): string
  goodbye: string
  human: string
  hours: string
  price: string
  askAway: string
  noted(number: string): string
  pressed(keys: string): string
  story: string
  other(said: string): string
}

const PHRASES: Record<Language, Phrases> = {
  en: {
    hello: 'Hello, how can I help you?',
    whichTime: 'With pleasure. Which day and time would suit you?',
    whichHour: (day) => `What time on ${day} would suit you?`,
    whichDay: (time) => `Which day would suit you, ${time}?`,
    booked: (day, time) =>
      `Your appointment is booked for ${day} ${time}. Is there anything else I can do for you?`,
    goodbye: 'You are welcome. Goodbye! <hangup/>',
    human: 'Of course. I will ask a colleague to call you back. Is there anything else?',
    hours: 'We are open from nine to five, Monday to Friday. Would you like to book an appointment?',
    price: 'A first appointment costs forty dollars. Would you like to book one?',
    askAway: 'Of course. What is your question?',
    noted: (number) => `I have noted ${number}. Is there anything else?`,
    pressed: (keys) => `You pressed ${keys}. Is there anything else?`,
    story:
      'Once upon a time there was a small telephone exchange at the edge of a quiet town. ' +
      'Every evening an old operator sat down at her board and listened to the lines humming in the wind. ' +
      'One night a light began to blink that had never blinked before. She answered, and a child asked whether the moon could hear her. ' +
      'The operator thought for a while, took a long cable, and plugged it into the last empty hole. ' +
      'From then on the whole town could hear the moon laugh, softly, whenever somebody told it a good story.',
    other: (said) => `I understood: ${said} Would you like to book an appointment?`,
  },
  fr: {
    hello: 'Bonjour, comment puis-je vous aider ?',
    whichTime: 'Avec plaisir. Quel jour et à quelle heure ?',
    whichHour: (day) => `À quelle heure ${day} ?`,
    whichDay: (time) => `Quel jour vous conviendrait, ${time} ?`,
    booked: (day, time) =>
      `Votre rendez-vous est noté pour ${day} ${time}. Puis-je faire autre chose pour vous ?`,
    goodbye: 'Je vous en prie. Au revoir ! <hangup/>',
    human: 'Bien sûr. Un collègue vous rappellera. Puis-je faire autre chose ?',
    hours:
      'Nous sommes ouverts de neuf heures à dix-sept heures, du lundi au vendredi. Voulez-vous un rendez-vous ?',
    price: 'Un premier rendez-vous coûte quarante euros. Voulez-vous en prendre un ?',
    askAway: 'Bien sûr. Quelle est votre question ?',
    noted: (number) => `J’ai noté ${number}. Puis-je faire autre chose ?`,
    pressed: (keys) => `Vous avez composé ${keys}. Puis-je faire autre chose ?`,
    story:
      'Il était une fois un petit central téléphonique au bord d’une ville tranquille. ' +
      'Chaque soir, une vieille opératrice s’asseyait devant ses lignes et les écoutait chanter dans le vent. ' +
      'Une nuit, une lampe se mit à clignoter qui n’avait jamais clignoté. Elle répondit, et une enfant demanda si la lune l’entendait. ' +
      'L’opératrice réfléchit un moment, prit un long câble et le brancha dans le dernier trou vide. ' +
      'Depuis, toute la ville entend rire la lune, doucement, quand quelqu’un lui raconte une belle histoire.',
    other: (said) => `J’ai compris : ${said} Voulez-vous prendre un rendez-vous ?`,
  },
}

const GOODBYE = [
  'bye',
  'goodbye',
  'good bye',
  "that's all",
  'that is all',
  'that will be all',
  'au revoir',
  'à bientôt',
]
const THANKS = ['thanks', 'thank you', 'merci']
const STORY = ['long story', 'a story', 'longue histoire', 'une histoire']
const HUMAN = ['human', 'real person', 'an agent', 'operator', 'conseiller', 'une personne', 'un humain']
const HOURS = ['opening hours', 'are you open', 'when do you open', 'horaires', 'ouverts']
const PRICE = ['price', 'prices', 'how much', 'cost', 'prix', 'combien']
const BOOK = [
  'appointment',
  'book',
  'booking',
  'schedule',
  'reserve',
  'rendez-vous',
  'rendez vous',
  'réserver',
]
const STOP = ['stop', 'wait', 'another question', 'a question', 'attendez', 'une question']
/** Keys alone (`42#`), or after a word that says so. */
const KEYS = /(?:^|(?:press|key|keypad|dtmf|touche)[^0-9*#]*)(?=[0-9*# ]+\W*$)([0-9*#][0-9*# ]*)/i
const DIGIT_WORDS =
  /^(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|zéro|un|deux|trois|quatre|cinq|sept|huit|neuf|\d+)$/

/** The answer to what was said last, by the first rule that fits; `heard` is everything the caller said, oldest first. */
export function smallTalk(heard: readonly string[], language: Language): string {
  const phrases = PHRASES[language]
  const said = heard.at(-1)?.trim() ?? ''
  const says = (list: readonly string[]): boolean => list.some((phrase) => containsPhrase(said, phrase))
  if (said === '') return phrases.hello
  const { day, time } = readAppointment(said)
  if (says(GOODBYE) || (says(THANKS) && !day && !time)) return phrases.goodbye
  if (says(STORY)) return phrases.story
  const keys = KEYS.exec(said)?.[1]
  if (keys) return phrases.pressed([...keys.replaceAll(' ', '')].join(' '))
  const digits = said
    .toLowerCase()
    .split(/[\s,.-]+/)
    .filter((word) => DIGIT_WORDS.test(word))
  if (digits.length >= 4) return phrases.noted(digits.join(' '))
  if (says(HUMAN)) return phrases.human
  if (says(HOURS)) return phrases.hours
  if (says(PRICE)) return phrases.price
  if (day || time) return bookingReply(heard, day, time, phrases)
  if (says(BOOK)) return phrases.whichTime
  if (says(STOP)) return phrases.askAway
  return phrases.other(/[.!?…]$/.test(said) ? said : `${said}.`)
}

function bookingReply(
  heard: readonly string[],
  day: string | null,
  time: string | null,
  phrases: Phrases,
): string {
  const earlier = heard.slice(0, -1).map(readAppointment)
  const knownDay = day ?? earlier.findLast((found) => found.day)?.day
  const knownTime = time ?? earlier.findLast((found) => found.time)?.time
  if (knownDay && knownTime) return phrases.booked(knownDay, knownTime)
  if (knownDay) return phrases.whichHour(knownDay)
  return phrases.whichDay(knownTime ?? '')
}
