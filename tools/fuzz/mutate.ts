import type { Random } from '../random.ts'
import { NASTY_TEXT, ODD_VALUES } from './values.ts'

type Place = { holder: Record<string, unknown> | unknown[]; key: string | number }

/** Changes exactly one place of a JSON value: removed, of another type, hostile text, a field nobody knows. The value is the caller's own copy. */
export function mutate(value: unknown, random: Random): unknown {
  const places = findPlaces(value)
  if (places.length === 0) return random.pick(ODD_VALUES)
  const { holder, key } = random.pick(places)
  const target = holder as Record<string | number, unknown>
  switch (random.below(4)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1)
      else delete target[key]
      break
    case 1:
      target[key] = random.pick(ODD_VALUES)
      break
    case 2:
      target[key] = random.pick(NASTY_TEXT)
      break
    default:
      if (Array.isArray(holder)) holder.push(random.pick(ODD_VALUES))
      else target[random.pick(NASTY_TEXT)] = target[key]
  }
  return value
}

function findPlaces(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return []
  const holder = value as Place['holder']
  const keys: (string | number)[] = Array.isArray(holder) ? [...holder.keys()] : Object.keys(holder)
  return keys.flatMap((key) => [
    { holder, key },
    ...findPlaces((holder as Record<string | number, unknown>)[key]),
  ])
}
