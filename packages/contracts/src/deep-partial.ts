import { z } from 'zod'

type DeepPartialType<T extends z.ZodType> =
  T extends z.ZodObject<infer Shape>
    ? z.ZodObject<
        { [K in keyof Shape]: z.ZodOptional<DeepPartialType<Extract<Shape[K], z.ZodType>>> },
        z.core.$strict
      >
    : T

/** Makes every field of a strict object optional, at every depth of plain nested objects; nullable objects stay whole. */
export function deepPartial<T extends z.ZodObject>(schema: T): DeepPartialType<T> {
  // The compiler cannot follow the loop below; the recursion mirrors `DeepPartialType` case by case.
  return partialOf(schema) as DeepPartialType<T>
}

function partialOf(schema: z.ZodObject): z.ZodObject {
  const shape: Record<string, z.ZodType> = {}
  for (const [key, field] of Object.entries(schema.shape)) {
    shape[key] = (field instanceof z.ZodObject ? partialOf(field) : (field as z.ZodType)).optional()
  }
  return z.strictObject(shape)
}
