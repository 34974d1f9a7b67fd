import type { PhoneBook } from '../phones/phone-book.ts'
import type { CallServices } from './call-context.ts'
import type { CallRegistry } from './call-registry.ts'
import type { Faults } from './faults.ts'
import type { NumberRegistry } from './numbers.ts'

/** What the REST API and the sandbox's own controls work on. */
export interface CarrierState {
  /** Auth token by account sid. */
  accounts: ReadonlyMap<string, string>
  calls: CallRegistry
  numbers: NumberRegistry
  phones: PhoneBook
  faults: Faults
  services: CallServices
}
