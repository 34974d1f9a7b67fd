import { problemSchema } from '@phonevoice/contracts'
import { z } from 'zod'
import type { Answer, Api, Schema } from './operations.ts'
import type { FuzzRequest } from './requests.ts'

export interface FuzzAnswer {
  status: number
  type: string
  text: string
}

/** Says what is wrong with an answer; null: it is one of those that the description promises. */
export function createJudge(api: Api): (request: FuzzRequest, answer: FuzzAnswer) => string | null {
  const compiled = new Map<Schema, z.ZodType>()

  function schemaOf(schema: Schema): z.ZodType {
    let known = compiled.get(schema)
    if (!known) {
      const text = JSON.stringify({ ...schema, $defs: api.components }).replaceAll(
        '#/components/schemas/',
        '#/$defs/',
      )
      known = z.fromJSONSchema(JSON.parse(text))
      compiled.set(schema, known)
    }
    return known
  }

  function judgeSuccess(promised: Answer, { type, text }: FuzzAnswer): string | null {
    const content = Object.entries(promised.content ?? {})
    if (content.length === 0) return text === '' ? null : 'a body where none is promised'
    const media = content.find(([name]) => type.startsWith(name))
    if (!media) return `a body of type ${type}`
    if (media[0] !== 'application/json') return null
    const result = schemaOf(media[1].schema).safeParse(JSON.parse(text))
    return result.success ? null : `a body that is not as described: ${z.prettifyError(result.error)}`
  }

  return ({ operation }, answer) => {
    const { status, type, text } = answer
    if (status >= 500) return `a ${status}`
    const promised = operation.answers[status]
    if (!promised) return `a status that is not described: ${status} ${text.slice(0, 300)}`
    if (status < 400) return judgeSuccess(promised, answer)
    if (type !== 'application/problem+json') return `an error of type ${type}`
    const problem = problemSchema.safeParse(JSON.parse(text))
    if (!problem.success) return 'a problem that is not as described'
    if (problem.data.status !== status) return 'a problem of another status'
    const isNamed = promised.description.includes(`\`${problem.data.code}\``)
    return isNamed ? null : `an error code that is not described: ${status} ${problem.data.code}`
  }
}
