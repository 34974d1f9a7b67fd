import { describe, expect, test } from 'vitest'
import { problemOf, type TestRequest, type TestServer } from './test-server.ts'

export interface ProtectedRoute {
  method: string
  /** The path for a thing of the given owner; without an owner a path that names nobody's thing. */
  path(owner: 'mine' | 'theirs'): Promise<string> | string
  json?: unknown
}

/** What every route under `/v1` must refuse. `unknownPath`: the path names a thing, which other organizations must not see; this one names none. */
export function describeProtection(
  server: () => TestServer,
  routes: Record<string, ProtectedRoute & { unknownPath?: string; isModeBound?: boolean }>,
): void {
  describe('protects', () => {
    for (const [name, route] of Object.entries(routes)) {
      const send = async (key: string | null, owner: 'mine' | 'theirs' = 'mine', headers = {}) => {
        const request: TestRequest = { method: route.method, key, headers }
        if (route.json !== undefined) request.json = route.json
        return server().request(await route.path(owner), request)
      }

      test(`${name}: no key`, async () => {
        const response = await send(null)
        expect(response.status).toBe(401)
        expect(response.headers.get('www-authenticate')).toBe('Bearer')
        expect((await problemOf(response)).code).toBe('missing_api_key')
        const basic = await send(null, 'mine', { authorization: 'Basic eDp5' })
        expect((await problemOf(basic)).code).toBe('missing_api_key')
      })

      test(`${name}: a key that is wrong or revoked`, async () => {
        const { testKey, revokedKey } = server().mine
        for (const key of ['pv_test_x', `${testKey}x`, `${testKey.slice(0, -1)}!`, revokedKey])
          expect((await problemOf(await send(key))).code).toBe('invalid_api_key')
      })

      const { unknownPath } = route
      if (unknownPath === undefined) continue
      test(`${name}: another organization's thing looks like none at all`, async () => {
        const { mine } = server()
        const foreign = await problemOf(await send(mine.testKey, 'theirs'))
        const request: TestRequest = { method: route.method, key: mine.testKey }
        if (route.json !== undefined) request.json = route.json
        const missing = await problemOf(await server().request(unknownPath, request))
        expect(foreign.code).toBe('not_found')
        expect({ ...foreign, request_id: '' }).toEqual({ ...missing, request_id: '' })
      })

      if (route.isModeBound !== true) continue
      test(`${name}: a live key does not see what belongs to test keys`, async () => {
        expect((await problemOf(await send(server().mine.liveKey))).code).toBe('not_found')
      })
    }
  })
}
