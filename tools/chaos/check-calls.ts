/**
 * Judges what became of the calls of a run: each that was promised exists once, its row and its events tell the same, it has ended, and its phone
 * rang at most once. Pure; each rule is one function and says in words what it found. `check-deliveries.ts` judges what receivers were told.
 */
import type { CallsFacts } from './facts.ts'
import { groupBy } from './group-by.ts'

/** One line per violation; none when all promises were kept. */
export function checkCalls(facts: CallsFacts): string[] {
  return [...checkKeys(facts), ...checkLives(facts), ...checkCarrier(facts)]
}

function checkKeys({ created, calls }: CallsFacts): string[] {
  const known = new Set(calls.map((call) => call.id))
  const told = new Set(created.flatMap((one) => one.callIds))
  return [
    ...created
      .filter((one) => new Set(one.callIds).size !== 1)
      .map((one) => `key ${one.key} stands for ${new Set(one.callIds).size} calls`),
    ...[...told].filter((id) => !known.has(id)).map((id) => `call ${id} was promised and does not exist`),
    ...calls.filter((call) => !told.has(call.id)).map((call) => `call ${call.id} exists and nobody was told`),
  ]
}

/** An event exists if and only if its state change does, and every call comes to its end. */
function checkLives({ calls, events }: CallsFacts): string[] {
  const eventsOf = groupBy(events, (event) => event.callId)
  return calls.flatMap((call) => {
    const types = (eventsOf.get(call.id) ?? []).map((event) => event.type)
    const expected: [string, number][] = [
      ['call.queued', 1],
      ['call.started', Number(call.isStarted)],
      ['call.ended', Number(call.isEnded)],
      ['call.completed', Number(call.isCompleted)],
    ]
    const problems = expected
      .map(([type, times]) => ({ type, times, found: types.filter((other) => other === type).length }))
      .filter(({ times, found }) => times !== found)
      .map(({ type, times, found }) => `${found} × ${type} instead of ${times}`)
    if (!call.isCompleted) problems.push(`never completed, ${call.status}`)
    return problems.map((problem) => `call ${call.id}: ${problem}`)
  })
}

/** Every call of ours is at most one call at the carrier, and none is left open there. */
function checkCarrier({ calls, carrierCalls }: CallsFacts): string[] {
  const ours = groupBy(calls, (call) => call.phoneNumber)
  const theirs = groupBy(carrierCalls, (call) => call.number)
  return [
    ...[...theirs]
      .map(([number, placed]) => ({ number, placed: placed.length, wanted: ours.get(number)?.length ?? 0 }))
      .filter(({ placed, wanted }) => placed > wanted)
      .map(({ number, placed, wanted }) => `${number} was called ${placed} times for ${wanted} calls`),
    ...carrierCalls.filter((call) => call.isLive).map((call) => `carrier call ${call.sid} is still live`),
  ]
}
