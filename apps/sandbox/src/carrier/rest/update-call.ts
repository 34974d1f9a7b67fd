import type { Call } from '../call.ts'
import { toCallJson } from '../call-record.ts'
import { readInstructions } from './create-call.ts'
import type { Form } from './form.ts'
import { notFound, RestError } from './rest-error.ts'

/** How a hang-up of a call that has ended is answered. The vendor does not say; clients have met all three. */
export type EndedCallAnswer = 'not-found' | 'bad-request' | 'ok'

/** `POST Calls/{Sid}.json`: hang up, or new instructions for a live call. */
export function updateCall(call: Call, form: Form, endedCallAnswer: EndedCallAnswer, path: string) {
  const status = form.text('Status')
  if (status !== undefined) {
    if (status !== 'canceled' && status !== 'completed') {
      throw new RestError(400, 20001, `Status is not valid: ${status}`)
    }
    if (call.hasEnded) refuseEnded(endedCallAnswer, path)
    call.hangUp(status)
    return toCallJson(call.record)
  }
  if (!form.has('Url') && !form.has('Twiml')) return toCallJson(call.record)
  const fallbackUrl = form.url('FallbackUrl', 21205)
  const fallback =
    fallbackUrl === undefined ? null : { url: fallbackUrl, method: form.method('FallbackMethod') }
  if (!call.redirect(readInstructions(form), fallback)) {
    throw new RestError(400, 21220, 'Call is not in-progress. Cannot redirect.')
  }
  return toCallJson(call.record)
}

function refuseEnded(answer: EndedCallAnswer, path: string): void {
  if (answer === 'not-found') throw notFound(path)
  if (answer === 'bad-request') throw new RestError(400, 21220, 'Call is not in-progress. Cannot update.')
}
