import { type FieldProblem, InvalidInput, NotFound } from '@phonevoice/base'
import type { ErrorCode } from '@phonevoice/contracts'
import type { z } from 'zod'
import { messageOf } from './validation-message.ts'

type Target = 'json' | 'query' | 'param' | 'header' | 'form' | 'cookie'
type ValidationResult =
  | { target: string; success: true; data: unknown }
  | { target: string; success: false; error: { issues: readonly z.core.$ZodIssue[] } }

/**
 * Turns what a schema found, or what could not be stored, into one `InvalidInput` that points at every wrong field. In a path it is an id or a link that
 * cannot exist, which is no other answer than for one that does not.
 */
export function throwOnInvalid(result: ValidationResult): undefined {
  const target = result.target as Target
  const fields = result.success
    ? findUnstorable(result.data, [], target)
    : result.error.issues.flatMap((issue) => toFieldProblems(issue, target))
  if (fields.length === 0) return
  if (target === 'param') throw new NotFound('not_found', 'There is nothing with this id.')
  throw new InvalidInput(codeFor(fields), detailFor(fields), { fields })
}

function toFieldProblems(issue: z.core.$ZodIssue, target: Target): FieldProblem[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      pointer: pointerTo([...issue.path, key], target),
      message: 'is not a field of this request',
    }))
  return [{ pointer: pointerTo(issue.path, target), message: messageOf(issue) }]
}

/** Text that JSON and URLs allow and Postgres does not: the zero character, and half of a surrogate pair. */
function findUnstorable(value: unknown, path: readonly string[], target: Target): FieldProblem[] {
  if (typeof value === 'string') return isStorable(value) ? [] : [unstorable(path, target)]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) =>
    isStorable(key) ? findUnstorable(item, [...path, key], target) : [unstorable(path, target)],
  )
}

function isStorable(text: string): boolean {
  return !text.includes('\0') && !/\p{Surrogate}/u.test(text)
}

function unstorable(path: readonly string[], target: Target): FieldProblem {
  return { pointer: pointerTo(path, target), message: 'must be valid text without the zero character' }
}

/** A JSON Pointer into the body; `query/…` and `header/…` elsewhere. */
function pointerTo(path: readonly PropertyKey[], target: Target): string {
  const parts = path.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1'))
  if (target === 'json') return parts.map((part) => `/${part}`).join('')
  return [target, ...parts].join('/')
}

/** When exactly one field is wrong and it has a code of its own, that code; a field that is missing is not one of them. */
function codeFor(fields: readonly FieldProblem[]): ErrorCode {
  const [only] = fields
  if (fields.length !== 1 || !only || only.message === 'is required') return 'invalid_request'
  if (only.pointer === '/phone_number' || only.pointer === '/from') return 'invalid_phone_number'
  if (only.pointer === '/webhook_url' || only.pointer === '/url') return 'invalid_webhook_url'
  return 'invalid_request'
}

function detailFor(fields: readonly FieldProblem[]): string {
  const [only] = fields
  if (fields.length !== 1 || !only) return 'Several fields are not valid; see errors.'
  return only.pointer === '' ? `The body ${only.message}.` : `${only.pointer} ${only.message}.`
}
