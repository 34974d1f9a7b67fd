import { type FieldProblem, InvalidInput } from '@phonevoice/base'

/**
 * Refuses text that Postgres cannot keep: the zero character (in `text` and `jsonb`) and half surrogate pairs (in `jsonb`). `pointer` is where
 * `value` stands in the request.
 */
export function requireStorableText(value: unknown, pointer = ''): void {
  const problem = findProblem(value, pointer)
  if (problem)
    throw new InvalidInput('invalid_request', 'Some text cannot be stored; see errors.', {
      fields: [problem],
    })
}

function findProblem(value: unknown, pointer: string): FieldProblem | null {
  if (typeof value === 'string') {
    return isStorable(value) ? null : { pointer, message: 'must be valid text without the zero character' }
  }
  if (typeof value !== 'object' || value === null) return null
  for (const [key, item] of Object.entries(value)) {
    const problem = isStorable(key)
      ? findProblem(item, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
      : { pointer, message: 'must have keys that are valid text without the zero character' }
    if (problem) return problem
  }
  return null
}

function isStorable(text: string): boolean {
  return !text.includes('\0') && !/\p{Surrogate}/u.test(text)
}
