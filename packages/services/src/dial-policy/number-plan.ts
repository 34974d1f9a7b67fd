/** Facts about telephone numbers that libphonenumber's metadata does not hold, and the one place that takes a number apart. */
import { getCountries, getCountryCallingCode } from 'libphonenumber-js/max'

/** Calling codes that no country has (ITU-T E.164, list of assigned codes), and what answers there. */
const WORLDWIDE_CODES: Readonly<Record<string, string>> = {
  800: 'an international freephone number',
  808: 'an international shared-cost number',
  870: 'a satellite phone',
  878: 'a personal number without a country',
  881: 'a satellite phone',
  882: 'a satellite or international network',
  883: 'a satellite or international network',
  888: 'a disaster relief number',
  979: 'an international premium-rate number',
}

/** Emergency numbers of the world. A longer number that merely begins like one is not one. */
const EMERGENCY_NUMBERS: ReadonlySet<string> = new Set(
  '000 08 061 062 066 080 088 091 092 100 101 102 103 104 105 106 108 110 111 112 113 114 115 116 117 118 119 120 122 123 124 125 127 128 129 130 131 132 133 140 144 150 155 156 158 160 166 171 180 185 190 191 192 193 194 195 196 197 198 199 911 912 913 917 918 919 933 985 988 991 992 993 994 995 996 997 998 999 1122 1155 1414'.split(
    ' ',
  ),
)

const COUNTRY_CODES: ReadonlySet<string> = new Set(
  getCountries().map((country) => getCountryCallingCode(country)),
)

export interface SplitNumber {
  callingCode: string
  nationalNumber: string
  /** What the calling code stands for when it is not a country's; null otherwise. */
  worldwide: string | null
}

/** Takes calling code and national number apart; null when no such calling code is assigned. No code is the beginning of another. */
export function splitNumber(digits: string): SplitNumber | null {
  for (const length of [1, 2, 3]) {
    const callingCode = digits.slice(0, length)
    const nationalNumber = digits.slice(length)
    const worldwide = WORLDWIDE_CODES[callingCode] ?? null
    if (worldwide !== null || COUNTRY_CODES.has(callingCode))
      return { callingCode, nationalNumber, worldwide }
  }
  return null
}

/** True for the digits of an emergency number, wherever it is one. */
export function isEmergencyNumber(digits: string): boolean {
  return EMERGENCY_NUMBERS.has(digits)
}

/** North America: an area code N11 leads to a service such as 911 or 411, whatever follows. */
export function isServiceCode(number: SplitNumber): boolean {
  return number.callingCode === '1' && /^[2-9]11/.test(number.nationalNumber)
}

/** North America: the exchange 976 is a premium-rate service in most area codes; the metadata takes it for an ordinary line. */
export function isPremiumExchange(number: SplitNumber): boolean {
  return number.callingCode === '1' && /^\d{3}976\d{4}$/.test(number.nationalNumber)
}
