/** A reference page from the API description: plain HTML, no script, one section per route, webhook and schema. */
import type { OpenApiDocument } from '../openapi.ts'
import { type Limited, limitsOf } from './limits-of.ts'

/** The parts of a JSON Schema that the page shows. */
interface Schema extends Limited {
  $ref?: string
  type?: string | string[]
  description?: string
  example?: unknown
  enum?: unknown[]
  const?: unknown
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
}

interface Content {
  [mediaType: string]: { schema?: Schema }
}

interface Operation {
  operationId?: string
  tags?: string[]
  summary?: string
  description?: string
  security?: unknown[]
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema?: Schema }[]
  requestBody?: { content: Content }
  responses?: Record<string, { description: string; content?: Content }>
}

interface Entry {
  anchor: string
  method: string
  path: string
  operation: Operation
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

export function renderReference(document: OpenApiDocument): string {
  const entries = toEntries(document.paths as Record<string, Record<string, Operation>>)
  const webhooks = toEntries((document.webhooks ?? {}) as Record<string, Record<string, Operation>>)
  const schemas = Object.entries((document.components?.schemas ?? {}) as Record<string, Schema>)
  const tags = (document.tags ?? []).map((tag) => ({ name: tag.name, description: tag.description ?? '' }))

  const groups = tags.map((tag) => ({
    ...tag,
    entries: entries.filter(({ operation }) => operation.tags?.includes(tag.name)),
  }))
  const all = [
    ...groups,
    { name: 'Webhooks', description: 'What we post to your `webhook_url`, signed.', entries: webhooks },
  ]
  const navigation = all.map(
    (group) =>
      `<h2>${escapeHtml(group.name)}</h2>${group.entries.map((entry) => link(entry.anchor, entry.operation.summary ?? entry.path)).join('')}`,
  )
  const body = all.map(
    (group) =>
      `<h2>${escapeHtml(group.name)}</h2>${prose(group.description)}${group.entries.map(renderOperation).join('')}`,
  )
  const schemaLinks = schemas.map(([name]) => link(schemaAnchor(name), name)).join('')
  const schemaSections = schemas.map(([name, schema]) => renderSchemaSection(name, schema)).join('')

  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(document.info.title)} API</title><link rel="stylesheet" href="/docs/style.css"></head>
<body><nav><strong>${escapeHtml(document.info.title)} API</strong>${navigation.join('')}<h2>Schemas</h2>${schemaLinks}</nav>
<main><h1>${escapeHtml(document.info.title)} API</h1>${prose(document.info.description ?? '')}
<p><a href="/openapi.json">openapi.json</a></p>${body.join('')}<h2>Schemas</h2>${schemaSections}</main></body></html>`
}

function toEntries(paths: Record<string, Record<string, Operation>>): Entry[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method]
      if (!operation) return []
      return [
        {
          anchor: operation.operationId ?? `${method}-${path}`,
          method: method.toUpperCase(),
          path,
          operation,
        },
      ]
    }),
  )
}

function renderOperation({ anchor, method, path, operation }: Entry): string {
  const request = operation.requestBody ? `<h4>Body</h4>${renderContent(operation.requestBody.content)}` : ''
  const responses = Object.entries(operation.responses ?? {}).map(
    ([status, response]) =>
      `<p><code>${escapeHtml(status)}</code> ${inline(response.description)}</p>${status.startsWith('2') ? renderContent(response.content ?? {}) : ''}`,
  )
  return `<section id="${escapeHtml(anchor)}"><h3>${inline(operation.summary ?? path)}</h3>
<p><span class="method">${method}</span><code>${escapeHtml(path)}</code></p>
${prose(operation.description ?? '')}${renderParameters(operation)}${request}<h4>Answers</h4>${responses.join('')}</section>`
}

function renderParameters(operation: Operation): string {
  const parameters = operation.parameters ?? []
  if (parameters.length === 0) return ''
  const rows = parameters.map(
    (parameter) =>
      `<tr><td><code>${escapeHtml(parameter.name)}</code> ${parameter.required ? REQUIRED : ''}</td><td>${escapeHtml(parameter.in)}</td><td>${typeOf(parameter.schema ?? {})}</td><td>${explain(parameter.schema ?? {}, parameter.description)}</td></tr>`,
  )
  return `<h4>Parameters</h4><table>${rows.join('')}</table>`
}

function renderContent(content: Content): string {
  return Object.entries(content)
    .map(
      ([mediaType, { schema }]) =>
        `<p><code>${escapeHtml(mediaType)}</code> ${schema ? renderSchema(schema) : ''}</p>`,
    )
    .join('')
}

function renderSchemaSection(name: string, schema: Schema): string {
  return `<section id="${schemaAnchor(name)}"><h3>${escapeHtml(name)}</h3>${prose(schema.description ?? '')}${renderProperties(schema) || `<p>${typeOf(schema)}</p>`}</section>`
}

function renderSchema(schema: Schema): string {
  return typeOf(schema) + (schema.$ref ? '' : renderProperties(schema))
}

const REQUIRED = '<span class="required">required</span>'
/** Deeper nesting than our schemas have. */
const DEPTH_MAX = 6

function renderProperties(schema: Schema, depth = 0): string {
  if (depth > DEPTH_MAX) return ''
  const { properties, required = [] } = schema
  if (!properties) {
    const inner = [...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.items ? [schema.items] : [])]
    return inner.map((part) => (part.$ref ? '' : renderProperties(part, depth + 1))).join('')
  }
  const rows = Object.entries(properties).map(([name, property]) => {
    const nested = property.$ref ? '' : renderProperties(property, depth + 1)
    return `<tr><td><code>${escapeHtml(name)}</code> ${required.includes(name) ? REQUIRED : ''}</td><td>${typeOf(property)}</td><td>${explain(property)}${nested ? `<details><summary>Fields</summary>${nested}</details>` : ''}</td></tr>`
  })
  return `<table>${rows.join('')}</table>`
}

/** A type in words, with links to named schemas. */
function typeOf(schema: Schema): string {
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1) ?? ''
    return `<a href="#${schemaAnchor(name)}">${escapeHtml(name)}</a>`
  }
  if (schema.const !== undefined) return `<code>${escapeHtml(JSON.stringify(schema.const))}</code>`
  if (schema.enum) return schema.enum.map((value) => `<code>${escapeHtml(String(value))}</code>`).join(' ')
  const parts = schema.anyOf ?? schema.oneOf ?? schema.allOf
  if (parts) return parts.map(typeOf).join(' or ')
  const types = [schema.type ?? 'any'].flat()
  const shown = types.map((type) =>
    type === 'array' ? `list of ${typeOf(schema.items ?? {})}` : escapeHtml(type),
  )
  return shown.join(' or ')
}

/** What a field means, then how large it may be. */
function explain(schema: Schema, description = schema.description ?? ''): string {
  return prose([description, limitsOf(schema)].filter((text) => text !== '').join(' '))
}

function link(anchor: string, text: string): string {
  return `<a href="#${escapeHtml(anchor)}">${escapeHtml(text)}</a>`
}

function schemaAnchor(name: string): string {
  return `schema-${escapeHtml(name)}`
}

function prose(text: string): string {
  return text === '' ? '' : `<p>${text.split('\n\n').map(inline).join('</p><p>')}</p>`
}

/** The only markup in our descriptions is code between backticks. */
function inline(text: string): string {
  return escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>')
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
