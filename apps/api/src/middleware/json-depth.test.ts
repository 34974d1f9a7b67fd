import { expect, test } from 'vitest'
import { depthOf } from './json-depth.ts'

test.each([
  ['', 0],
  ['1', 0],
  ['{}', 1],
  ['[[],{"a":[]}]', 3],
  ['{"a":"[[[","b":"\\"[[["}', 1],
  ['{"a":"\\\\","b":[[]]}', 3],
  ['"[', 0],
  [']]][', 0],
])('%s', (text, depth) => {
  expect(depthOf(text)).toBe(depth)
})
