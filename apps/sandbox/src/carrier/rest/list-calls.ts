import { toCallJson } from '../call-record.ts'
import type { CarrierState } from '../carrier-state.ts'
import type { Form } from './form.ts'
import { toPage } from './paging.ts'
import { RestError } from './rest-error.ts'

/** `GET Calls.json`, newest first. `<` means before, `>` on or after; a date alone stands for its UTC day. */
export function listCalls(state: CarrierState, accountSid: string, form: Form, url: URL) {
  const same = (name: string, value: string | null) => {
    const wanted = form.text(name)
    return wanted === undefined || wanted === value
  }
  const calls = state.calls
    .list()
    .filter(
      ({ record }) =>
        record.accountSid === accountSid &&
        same('To', record.to) &&
        same('From', record.from) &&
        same('Status', record.status) &&
        same('ParentCallSid', null) &&
        isWithin(form, 'StartTime', record.startedAtMs) &&
        isWithin(form, 'EndTime', record.endedAtMs),
    )
  return toPage(
    'calls',
    calls.map(({ record }) => toCallJson(record)),
    form,
    url,
  )
}

const DAY_MS = 86_400_000

function isWithin(form: Form, name: string, atMs: number | null): boolean {
  const on = readTime(form, name)
  const before = readTime(form, `${name}<`)
  const from = readTime(form, `${name}>`)
  if (on === null && before === null && from === null) return true
  if (atMs === null) return false
  // Resources carry whole seconds, so comparisons do too.
  const secondMs = Math.floor(atMs / 1000) * 1000
  if (on !== null && (secondMs < on || secondMs >= on + DAY_MS)) return false
  if (before !== null && secondMs >= before) return false
  return from === null || secondMs >= from
}

function readTime(form: Form, name: string): number | null {
  const text = form.text(name)
  if (text === undefined) return null
  const time = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text)
  if (Number.isNaN(time)) throw new RestError(400, 20001, `${name} is not a valid date: ${text}`)
  return time
}
