import type { Violation } from './check-deliveries.ts'
import type { DeliveryFacts } from './delivery-facts.ts'
import type { Receipt } from './receipts.ts'

/** A violation in one line, with the times of the deliveries it names: whoever reads it has no database to look into any more. */
export function describeViolation(
  { kind, detail }: Violation,
  facts: DeliveryFacts,
  receipts: readonly Receipt[],
): string {
  const timelines = facts.deliveries
    .filter((delivery) => detail.split(' ').includes(delivery.id))
    .map((delivery) => {
      const arrived = receipts
        .filter((receipt) => receipt.body.includes(`"${delivery.eventId}"`))
        .map((receipt) => receipt.received_at_ms)
      const attempts = delivery.attempts.map(
        ({ startedAtMs, endedAtMs, status }) => `${startedAtMs}–${endedAtMs} ${status ?? 'no answer'}`,
      )
      const first = `${delivery.firstStartedAtMs}–${delivery.firstEndedAtMs}`
      return `[${delivery.sequence}: first ${first}; attempts ${attempts.join(', ')}; arrived ${arrived.join(', ')}]`
    })
  return [`${kind}: ${detail}`, ...timelines].join(' ')
}
