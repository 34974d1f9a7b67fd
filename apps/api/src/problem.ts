import type { FieldProblem } from '@phonevoice/base'
import { ERROR_CODES, type ErrorCode, type Problem } from '@phonevoice/contracts'

const DOCS = 'https://phonevoice.dev/errors'

/** The body of an error answer. */
export function toProblem(
  code: ErrorCode,
  detail: string,
  requestId: string,
  fields: readonly FieldProblem[] = [],
): Problem {
  const { status, title } = ERROR_CODES[code]
  return {
    type: `${DOCS}#${code}`,
    title,
    status,
    code,
    detail,
    request_id: requestId,
    errors: fields.map(({ pointer, message }) => ({ pointer, message })),
  }
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code)
}
