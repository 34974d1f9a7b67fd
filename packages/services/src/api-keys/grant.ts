/** What a key may pass on to a key that it makes or rotates: never more than it has, and never for longer. */
import { Forbidden, InvalidInput } from '@phonevoice/base'
import type { Scope } from '@phonevoice/contracts'

/** The key that asks; null: the person who runs the deployment, who may grant anything. */
export type Granter = { scopes: readonly Scope[] | null; expiresAtMs: number | null } | null

/** Whether a key may do this; one without a list may do everything. */
export function hasScope(owner: { scopes: readonly Scope[] | null }, scope: Scope): boolean {
  return owner.scopes?.includes(scope) ?? true
}

/** Throws `insufficient_scope`, which names every scope that is missing. */
export function requireScopes(owner: { scopes: readonly Scope[] | null }, wanted: readonly Scope[]): void {
  const missing = wanted.filter((scope) => !hasScope(owner, scope))
  if (missing.length > 0) throw insufficientScope(missing)
}

/** The scopes of a new key. `wanted` null: everything the granter has. Throws `insufficient_scope`. */
export function grantScopes(granter: Granter, wanted: readonly Scope[] | null): readonly Scope[] | null {
  if (wanted === null) return granter?.scopes ?? null
  if (granter) requireScopes(granter, wanted)
  return wanted
}

/** Throws `insufficient_scope` unless the granter has everything that a key has which exists already. */
export function requireAll(granter: Granter, existing: readonly Scope[] | null): void {
  if (!granter || granter.scopes === null) return
  if (existing === null)
    throw new Forbidden(
      'insufficient_scope',
      'This key lacks scopes of the other one, which may do everything: ask with a key that may, too.',
      { fields: [{ pointer: 'header/Authorization', message: 'must be a key with every scope' }] },
    )
  requireScopes(granter, existing)
}

/** When a new key expires. `wanted` null: as late as possible, but not after `fallback`. Throws `invalid_request`. */
export function grantExpiry(
  granter: Granter,
  wanted: Date | null,
  { nowMs, fallback = null }: { nowMs: number; fallback?: Date | null },
): Date | null {
  const latestMs = granter?.expiresAtMs ?? null
  if (wanted === null) {
    const ends = [latestMs, fallback?.getTime() ?? null].filter((end) => end !== null)
    return ends.length === 0 ? null : new Date(Math.min(...ends))
  }
  if (wanted.getTime() <= nowMs) throw badExpiry('must be in the future')
  if (latestMs !== null && wanted.getTime() > latestMs)
    throw badExpiry(
      `must not be after ${new Date(latestMs).toISOString()}, when the key you ask with expires`,
    )
  return wanted
}

function insufficientScope(missing: readonly Scope[]): Forbidden {
  const names = missing.map((scope) => `"${scope}"`).join(', ')
  return new Forbidden(
    'insufficient_scope',
    `This key lacks the ${missing.length === 1 ? 'scope' : 'scopes'} ${names}: ask with a key that has ${missing.length === 1 ? 'it' : 'them'}.`,
    {
      fields: missing.map((scope) => ({
        pointer: 'header/Authorization',
        message: `needs the scope ${scope}`,
      })),
      context: { missingScopes: missing },
    },
  )
}

function badExpiry(message: string): InvalidInput {
  return new InvalidInput('invalid_request', `The key's expiry ${message}.`, {
    fields: [{ pointer: '/expires_at', message }],
  })
}
