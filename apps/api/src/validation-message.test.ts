import { expect, test } from 'vitest'
import { z } from 'zod'
import { messageOf } from './validation-message.ts'

function messagesFor(schema: z.ZodType, value: unknown): string[] {
  return (schema.safeParse(value).error?.issues ?? []).map(messageOf)
}

test.each<[string, z.ZodType, unknown]>([
  ['is required', z.string(), undefined],
  ['must be a string', z.string(), 3],
  ['must be a whole number', z.int(), 1.5],
  ['must be a number', z.coerce.number(), 'abc'],
  ['must be true or false', z.boolean(), 'yes'],
  ['must be an object', z.object({}), null],
  ['must be an object', z.record(z.string(), z.string()), 'x'],
  ['must be a list', z.array(z.string()), {}],
  ['must be one of "a", "b"', z.enum(['a', 'b']), 'c'],
  ['must be "a"', z.literal('a'), 'c'],
  ['must be at least 1', z.number().min(1), 0],
  ['must be at most 2', z.number().max(2), 3],
  ['must be more than 0', z.number().gt(0), 0],
  ['must have at least 1 character', z.string().min(1), ''],
  ['must have at most 3 characters', z.string().max(3), 'abcd'],
  ['must have at least 1 item', z.array(z.string()).min(1), []],
  ['must be a time with its zone, for example 2026-02-28T14:30:00Z', z.iso.datetime(), 'today'],
  ['has a name that must have at most 2 characters', z.record(z.string().max(2), z.string()), { abc: 'x' }],
  ['must be a string, or a number', z.union([z.string(), z.number()]), true],
  ['must be mine', z.string().refine(() => false, 'must be mine'), 'x'],
])('a wrong value %s', (message, schema, value) => {
  expect(messagesFor(schema, value)).toEqual([message])
})
