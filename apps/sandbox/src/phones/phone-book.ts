import { type Scenario, type ScenarioInput, scenarioSchema } from './scenario.ts'
import { BUILT_IN_SCENARIOS, isCustomizable } from './scenarios.ts'

/** Which phone is behind which number. */
export interface PhoneBook {
  find(phoneNumber: string): Scenario | null
  /** Gives a number its own scenario. Throws a `ZodError` for a bad scenario, a `RangeError` for a number that is not free for this. */
  put(phoneNumber: string, scenario: ScenarioInput): Scenario
  /** Takes a scenario back; the built-in one, if any, returns. False when there was none. */
  remove(phoneNumber: string): boolean
  list(): { phone_number: string; scenario: Scenario; is_custom: boolean }[]
}

export function createPhoneBook(): PhoneBook {
  const custom = new Map<string, Scenario>()
  return {
    find: (phoneNumber) => custom.get(phoneNumber) ?? BUILT_IN_SCENARIOS.get(phoneNumber) ?? null,
    put(phoneNumber, scenario) {
      if (!isCustomizable(phoneNumber)) {
        throw new RangeError('Scenarios can be given to the numbers +12025550112 to +12025550189.')
      }
      const parsed = scenarioSchema.parse(scenario)
      custom.set(phoneNumber, parsed)
      return parsed
    },
    remove: (phoneNumber) => custom.delete(phoneNumber),
    list: () =>
      [...new Set([...BUILT_IN_SCENARIOS.keys(), ...custom.keys()])].sort().map((phoneNumber) => ({
        phone_number: phoneNumber,
        scenario: custom.get(phoneNumber) ?? BUILT_IN_SCENARIOS.get(phoneNumber)!,
        is_custom: custom.has(phoneNumber),
      })),
  }
}
