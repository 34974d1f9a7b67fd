/** Throws when a rule has led the machine where it must not be; never caused by an event from outside. */
export function assertEntry(condition: boolean, fact: string): asserts condition {
  if (!condition) throw new Error(`conversation: ${fact}`)
}
