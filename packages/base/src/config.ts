import { z } from 'zod'

/** A configuration variable's schema with the sentence that documents it, e.g. `z.string().meta({ description: '…' })`. */
export type ConfigShape = Record<string, z.ZodType>

/**
 * Reads configuration once from environment variables. Empty strings count as unset. Every problem is reported together,
 * by variable name, in one thrown `ConfigError`. The result is frozen.
 */
export function parseConfig<Shape extends ConfigShape>(
  shape: Shape,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<z.infer<z.ZodObject<Shape>>> {
  const present = Object.fromEntries(
    Object.keys(shape).map((name) => [name, env[name] === '' ? undefined : env[name]]),
  )
  const result = z.object(shape).safeParse(present)
  if (!result.success) {
    const problems = result.error.issues.map(
      (issue) =>
        `  ${issue.path.join('.')}: ${issue.message.endsWith('received undefined') ? 'is not set' : issue.message}`,
    )
    throw new ConfigError(`The configuration is not usable:\n${problems.join('\n')}`)
  }
  return Object.freeze(result.data)
}

/** Thrown by `parseConfig`; the message lists every bad variable. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/** A TCP port; 0 lets the operating system choose. */
export const portSchema = z.coerce.number().int().min(0).max(65535)

/** An http(s) origin or base URL; slashes at its end are dropped, so that paths can be appended. */
export const httpOriginSchema = z.url({ protocol: /^https?$/ }).transform((text) => text.replace(/\/+$/, ''))

/** `true`/`1`/`yes` and `false`/`0`/`no`. */
export const booleanSchema = z
  .enum(['true', 'false', '1', '0', 'yes', 'no'])
  .transform((text) => text === 'true' || text === '1' || text === 'yes')
