import { z } from 'zod'

/** Every error code the API answers with: HTTP status and title. `docs/errors.md` explains each; a test holds the two together. */
export const ERROR_CODES = {
  invalid_json: { status: 400, title: 'The body is not valid JSON' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body must be JSON' },
  invalid_request: { status: 422, title: 'The request is not valid' },
  invalid_phone_number: { status: 422, title: 'The phone number is not valid' },
  invalid_webhook_url: { status: 422, title: 'The webhook URL is not valid' },
  unknown_assistant: { status: 422, title: 'No such assistant' },
  number_not_simulated: { status: 422, title: 'A test key calls only simulated phones' },
  destination_blocked: { status: 422, title: 'The number is never called' },
  do_not_call: { status: 422, title: 'The number is on the do-not-call list' },
  outside_hours: { status: 422, title: 'Outside the calling hours' },
  number_not_owned: { status: 422, title: 'The number is not yours' },
  invalid_cursor: { status: 422, title: 'The cursor is not valid' },
  missing_api_key: { status: 401, title: 'No API key was sent' },
  invalid_api_key: { status: 401, title: 'The API key is not valid' },
  api_key_expired: { status: 401, title: 'The API key has expired' },
  insufficient_scope: { status: 403, title: 'The API key may not do this' },
  invalid_signature: { status: 403, title: 'The signature is not valid' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  call_already_ended: { status: 409, title: 'The call has already ended' },
  call_not_ended: { status: 409, title: 'The call has not ended' },
  call_not_live: { status: 409, title: 'There is no conversation on the call' },
  recording_not_ready: { status: 409, title: 'The recording is not ready' },
  recording_unavailable: { status: 404, title: 'There is no recording' },
  content_deleted: { status: 410, title: 'The content of the call was deleted' },
  link_expired: { status: 410, title: 'The link has expired' },
  assistant_in_use: { status: 409, title: 'The assistant is in use' },
  phone_number_taken: { status: 409, title: 'The phone number is already bound' },
  carrier_not_configured: { status: 409, title: 'No carrier account is set up' },
  too_many_endpoints: { status: 409, title: 'There are too many webhook endpoints' },
  endpoint_disabled: { status: 409, title: 'The webhook endpoint is disabled' },
  delivery_in_flight: { status: 409, title: 'The delivery is being made' },
  api_key_not_active: { status: 409, title: 'The API key is not in use any more' },
  too_many_api_keys: { status: 409, title: 'There are too many API keys' },
  no_rotation: { status: 409, title: 'No rotation is under way' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key was used for another request' },
  range_not_satisfiable: { status: 416, title: 'The range cannot be served' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal_error: { status: 500, title: 'Something went wrong on our side' },
  carrier_unavailable: { status: 502, title: 'The carrier did not do what was asked' },
  not_ready: { status: 503, title: 'The service is not ready' },
} as const satisfies Record<string, { status: number; title: string }>

export type ErrorCode = keyof typeof ERROR_CODES

/** An error answer (RFC 9457, `application/problem+json`). */
export const problemSchema = z
  .object({
    type: z.string().meta({ example: 'https://phonevoice.dev/errors#unknown_assistant' }),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
    detail: z.string().meta({ description: 'What is wrong here and what to do.' }),
    request_id: z.string(),
    errors: z.array(z.object({ pointer: z.string(), message: z.string() })),
  })
  .meta({ id: 'Problem' })
export type Problem = z.infer<typeof problemSchema>
