import { isRecord } from '../streaming/http-errors.ts'

/** Braces in prose are few; an answer made of nothing else must not cost a second. */
const TRIES_MAX = 50

/** The JSON object in a model's answer, also when there are reasoning, code fences or sentences around it. Undefined when there is none. */
export function extractJson(answer: string): Record<string, unknown> | undefined {
  const text = answer.replace(/<think>[\s\S]*?<\/think>/g, '')
  let at = text.indexOf('{')
  for (let tries = 0; at !== -1 && tries < TRIES_MAX; tries++) {
    const end = endOfObject(text, at)
    const value = end === -1 ? undefined : parseObject(text.slice(at, end))
    if (value) return value
    at = text.indexOf('{', at + 1)
  }
  return undefined
}

/** Where the braces that open at `start` are closed, strings skipped; -1 when they are not. */
function endOfObject(text: string, start: number): number {
  let depth = 0
  let isInString = false
  for (let i = start; i < text.length; i++) {
    const character = text[i]
    if (isInString) {
      if (character === '\\') i++
      else if (character === '"') isInString = false
    } else if (character === '"') isInString = true
    else if (character === '{') depth++
    else if (character === '}' && --depth === 0) return i + 1
  }
  return -1
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}
