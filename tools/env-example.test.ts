import { readFileSync } from 'node:fs'
import { apiConfigShape } from '@phonevoice/api'
import type { ConfigShape } from '@phonevoice/base'
import { sandboxConfigShape } from '@phonevoice/sandbox'
import { workerConfigShape } from '@phonevoice/worker'
import { expect, test } from 'vitest'
import { mediaConfigShape } from '../apps/media/src/config.ts'

const SHAPES: readonly ConfigShape[] = [
  apiConfigShape,
  mediaConfigShape,
  workerConfigShape,
  sandboxConfigShape,
]
const lines = readFileSync(new URL('../.env.example', import.meta.url), 'utf8').split('\n')

interface Variable {
  name: string
  value: string
  /** The comment right above it, as one text. */
  comment: string
}

function readVariables(): Variable[] {
  return lines.flatMap((line, index) => {
    const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? []
    if (name === undefined || value === undefined) return []
    const above: string[] = []
    for (let at = index - 1; lines[at]?.startsWith('# '); at--) above.unshift(lines[at]?.slice(2) ?? '')
    return [{ name, value, comment: above.join(' ') }]
  })
}

const variables = readVariables()

test('it lists exactly the variables that the apps read, each once', () => {
  const read = new Set(SHAPES.flatMap((shape) => Object.keys(shape)))
  expect(variables.map(({ name }) => name).sort()).toEqual([...read].sort())
})

test('every line is a comment, a variable or empty', () => {
  for (const line of lines) expect(line).toMatch(/^(#.*|[A-Z][A-Z0-9_]*=\S*|)$/)
})

test.each(variables)('$name is explained in a sentence of its own', ({ comment }) => {
  expect(comment).toMatch(/^[A-Z].{15,}\.$/)
})

test.each(variables)('$name shows its default, or nothing', ({ name, value }) => {
  const schemas = SHAPES.flatMap((shape) => shape[name] ?? [])
  const defaults = schemas
    .map((schema) => schema.safeParse(undefined).data)
    .filter((data) => data !== undefined)
  if (value === '') expect(defaults.filter((data) => data !== '')).toEqual([])
  else {
    expect(defaults).not.toEqual([])
    for (const schema of schemas) {
      const { data } = schema.safeParse(undefined)
      if (data !== undefined) expect(schema.parse(value)).toEqual(data)
    }
  }
})

test('two apps never disagree about a default', () => {
  for (const { name } of variables) {
    const defaults = SHAPES.flatMap((shape) => shape[name]?.safeParse(undefined).data ?? [])
    expect(new Set(defaults).size, name).toBeLessThanOrEqual(1)
  }
})
