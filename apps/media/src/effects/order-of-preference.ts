/**
 * Which of several configured vendors to ask first: as configured, but one that has just let a caller down goes to the end for a while, so that not
 * every turn waits for it anew.
 */
export interface OrderOfPreference {
  /** Indexes into the configured list, in the order to ask. Never empty unless the list is. */
  current(): number[]
  avoid(index: number): void
}

export function createOrderOfPreference(
  count: number,
  avoidMs: number,
  now: () => number,
): OrderOfPreference {
  const avoidedUntil = new Map<number, number>()
  return {
    current() {
      const all = Array.from({ length: count }, (_, index) => index)
      const isAvoided = (index: number): boolean => (avoidedUntil.get(index) ?? 0) > now()
      return [...all.filter((index) => !isAvoided(index)), ...all.filter(isAvoided)]
    },
    avoid: (index) => void avoidedUntil.set(index, now() + avoidMs),
  }
}
