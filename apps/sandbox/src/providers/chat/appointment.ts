const DAYS_EN = 'monday|tuesday|wednesday|thursday|friday|saturday|sunday'
const DAYS_FR = 'lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche'
const HOURS_EN = 'one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|noon|\\d{1,2}(?::\\d{2})?'
const HOURS_FR = 'une|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|midi|\\d{1,2}'
const PART_EN =
  "(?: thirty| fifteen| forty-five)?(?: o'clock)?(?: ?[ap]\\.?m\\b)?(?: in the (?:morning|afternoon|evening))?"
const PART_FR = '(?: heures?)?(?: trente)?(?: du matin| du soir| de l.apr[eè]s-midi)?'

const DAY = new RegExp(
  `\\b(?:next )?(?:${DAYS_EN})\\b|\\btomorrow\\b|\\btoday\\b|\\b(?:${DAYS_FR})\\b|\\bdemain\\b`,
  'i',
)
const TIME = new RegExp(`\\bat (?:${HOURS_EN})\\b${PART_EN}|(?<!\\p{L})à (?:${HOURS_FR})\\b${PART_FR}`, 'iu')

/** The day and time mentioned in a sentence, in its own words: `Tuesday`, `at ten in the morning`. */
export function readAppointment(text: string): { day: string | null; time: string | null } {
  return { day: DAY.exec(text)?.[0] ?? null, time: TIME.exec(text)?.[0].trim() ?? null }
}
