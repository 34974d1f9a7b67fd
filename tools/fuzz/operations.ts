/** What the API says of itself, in the shape the fuzzer walks. */
import { createDocument } from '@phonevoice/api'

/** JSON Schema as far as the document uses it. */
export interface Schema {
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  $ref?: string
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  items?: Schema
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  pattern?: string
  format?: string
  example?: unknown
}

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required?: boolean
  schema: Schema
}

export interface Answer {
  description: string
  content?: Record<string, { schema: Schema }>
}

export interface Operation {
  method: string
  path: string
  needsKey: boolean
  parameters: Parameter[]
  body: Schema | null
  answers: Record<string, Answer>
}

interface RawOperation {
  parameters?: (Parameter | { $ref: string })[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, Answer>
  security?: unknown
}

export interface Api {
  operations: Operation[]
  /** Follows a reference into the document. */
  resolve(schema: Schema): Schema
  components: Record<string, Schema>
}

/** Reads the description that the routes themselves make. Streams of events do not end and are left out. */
export function readApi(): Api {
  const document = createDocument() as unknown as {
    paths: Record<string, Record<string, RawOperation>>
    components: { schemas: Record<string, Schema>; parameters: Record<string, Parameter> }
  }
  const { schemas, parameters } = document.components
  const nameOf = (reference: string): string => reference.split('/').at(-1) ?? ''
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]) => ({
      method: method.toUpperCase(),
      path,
      needsKey: raw.security !== undefined,
      parameters: (raw.parameters ?? []).map((each) =>
        '$ref' in each ? (parameters[nameOf(each.$ref)] as Parameter) : each,
      ),
      body: raw.requestBody?.content['application/json']?.schema ?? null,
      answers: raw.responses,
    })),
  )
  return {
    operations: operations.filter(({ answers }) => !answers[200]?.content?.['text/event-stream']),
    resolve: (schema) => (schema.$ref === undefined ? schema : (schemas[nameOf(schema.$ref)] as Schema)),
    components: schemas,
  }
}
