import { InvalidInput } from '@phonevoice/base'
import type { MiddlewareHandler } from 'hono'
import type { ApiEnv } from '../dependencies.ts'

/** Our own requests nest seven levels; customers' metadata and schemas need a few more. */
const DEPTH_MAX = 50

/** Refuses JSON that is nested so deeply that whoever walks it, here or elsewhere, could run out of stack. */
export function jsonDepth(): MiddlewareHandler<ApiEnv> {
  return async function jsonDepth(c, next) {
    const { method } = c.req
    const hasBody = method === 'POST' || method === 'PATCH' || method === 'PUT'
    if (hasBody && depthOf(await c.req.text()) > DEPTH_MAX)
      throw new InvalidInput('invalid_request', `The body is nested too deeply: at most ${DEPTH_MAX} levels.`)
    await next()
  }
}

/** The most brackets open at once, those in strings left out. Says something useful of text that is no JSON, too. */
export function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let isInString = false
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i)
    if (isInString) {
      if (character === BACKSLASH) i++
      else if (character === QUOTE) isInString = false
    } else if (character === QUOTE) isInString = true
    else if (character === OPEN_BRACE || character === OPEN_BRACKET) deepest = Math.max(deepest, ++depth)
    else if (character === CLOSE_BRACE || character === CLOSE_BRACKET) depth--
  }
  return deepest
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
