/** The data keys of organizations: random, wrapped by a master key in the database, readable only in memory. */
import { randomBytes } from 'node:crypto'
import { type Clock, InternalError, newId } from '@phonevoice/base'
import type { Database } from '@phonevoice/db'
import { decrypt, encrypt } from './aes-gcm.ts'
import type { MasterKeys } from './master-keys.ts'

export interface DataKey {
  id: string
  key: Uint8Array
}

export interface DataKeys {
  /** What seals an organization's secrets now; made when there is none. Another process's rotation shows within a minute. */
  current(organizationId: string): Promise<DataKey>
  /** One that sealed something. Throws when it is not this organization's, or its master key is not configured. */
  named(organizationId: string, id: string): Promise<DataKey>
  /** Makes a new one; the one before still opens. */
  rotate(organizationId: string): Promise<DataKey>
  /** Wraps up to `limit` keys anew that another master key wraps; answers with how many. Data keys and secrets stay the same. */
  rewrap(limit: number): Promise<number>
}

const CURRENT_TTL_MS = 60_000
/** Keys kept in memory; the oldest leaves. */
const KEPT_MAX = 5000

interface Row {
  id: string
  organization_id: string
  master_key_id: string
  wrapped: string
}

export function createDataKeys(options: { db: Database; masterKeys: MasterKeys; clock: Clock }): DataKeys {
  const { clock, masterKeys } = options
  const { sql } = options.db
  const [sealer] = masterKeys
  const known = new Map<string, DataKey>()
  const currentIds = new Map<string, { id: string; readAtMs: number }>()

  function wrap(id: string, organizationId: string, key: Uint8Array): string {
    return encrypt(sealer.wrapping, key, boundTo(id, organizationId))
  }

  function unwrap(row: Row): DataKey {
    const master = masterKeys.find((candidate) => candidate.id === row.master_key_id)
    if (!master)
      throw new InternalError(
        `Master key ${row.master_key_id} is not configured, and without it secrets of ${row.organization_id} cannot be read: add it to SECRETS_KEYS_OTHER.`,
      )
    try {
      const key = decrypt(master.wrapping, row.wrapped, boundTo(row.id, row.organization_id))
      return keep(known, `${row.organization_id}/${row.id}`, { id: row.id, key })
    } catch (cause) {
      throw new InternalError(`The data key ${row.id} was changed in the database and does not open.`, {
        cause,
      })
    }
  }

  async function insert(organizationId: string): Promise<void> {
    const now = clock.now()
    const id = newId('dataKey', now)
    await sql`
      insert into data_keys (id, organization_id, master_key_id, wrapped, created_at)
      values (${id}, ${organizationId}, ${sealer.id}, ${wrap(id, organizationId, randomBytes(32))}, ${new Date(now)})
      on conflict (organization_id) where retired_at is null do nothing`
  }

  async function readCurrent(organizationId: string): Promise<DataKey | null> {
    const readAtMs = clock.now()
    const [row] = await sql<Row[]>`
      select id, organization_id, master_key_id, wrapped from data_keys
      where organization_id = ${organizationId} and retired_at is null`
    if (!row) return null
    keep(currentIds, organizationId, { id: row.id, readAtMs })
    return known.get(`${organizationId}/${row.id}`) ?? unwrap(row)
  }

  return {
    async current(organizationId) {
      const kept = currentIds.get(organizationId)
      const key = kept && known.get(`${organizationId}/${kept.id}`)
      if (key && clock.now() - kept.readAtMs < CURRENT_TTL_MS) return key
      const found = await readCurrent(organizationId)
      if (found) return found
      // Twins make one key: the second changes nothing and reads the first's.
      await insert(organizationId)
      const made = await readCurrent(organizationId)
      if (!made) throw new InternalError('A data key could be neither found nor made.')
      return made
    },
    async named(organizationId, id) {
      const key = known.get(`${organizationId}/${id}`)
      if (key) return key
      const [row] = await sql<Row[]>`
        select id, organization_id, master_key_id, wrapped from data_keys
        where id = ${id} and organization_id = ${organizationId}`
      if (!row)
        throw new InternalError(
          `There is no data key ${id} of ${organizationId}: it was destroyed, or is another's.`,
        )
      return unwrap(row)
    },
    async rotate(organizationId) {
      const now = new Date(clock.now())
      await sql`update data_keys set retired_at = ${now} where organization_id = ${organizationId} and retired_at is null`
      currentIds.delete(organizationId)
      return await this.current(organizationId)
    },
    async rewrap(limit) {
      const rows = await sql<Row[]>`
        select id, organization_id, master_key_id, wrapped from data_keys where master_key_id <> ${sealer.id} order by id limit ${limit}`
      for (const row of rows) {
        const { key } = unwrap(row)
        await sql`
          update data_keys set master_key_id = ${sealer.id}, wrapped = ${wrap(row.id, row.organization_id, key)}
          where id = ${row.id} and master_key_id = ${row.master_key_id}`
      }
      return rows.length
    },
  }
}

function boundTo(id: string, organizationId: string): string {
  return JSON.stringify(['data key', id, organizationId])
}

function keep<T>(map: Map<string, T>, name: string, value: T): T {
  map.delete(name)
  map.set(name, value)
  if (map.size > KEPT_MAX) map.delete(map.keys().next().value as string)
  return value
}
