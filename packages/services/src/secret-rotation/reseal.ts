import { resealSettings, type SealedSettings, sealedValues } from '../assistants/settings.ts'
import { storedSettings } from '../assistants/to-assistant.ts'
import type { ServiceContext } from '../context.ts'
import { dataKeyOf } from '../secrets/secret-box.ts'

const BATCH = 100

/** Every column that holds one sealed text, and what the text is bound to. */
const COLUMNS = [
  { table: 'organizations', owner: 'id', column: 'webhook_secret_sealed', purpose: 'webhook-secret' },
  { table: 'organizations', owner: 'id', column: 'next_webhook_secret_sealed', purpose: 'webhook-secret' },
  {
    table: 'webhook_endpoints',
    owner: 'organization_id',
    column: 'secret_sealed',
    purpose: 'webhook-secret',
  },
  {
    table: 'webhook_endpoints',
    owner: 'organization_id',
    column: 'next_secret_sealed',
    purpose: 'webhook-secret',
  },
  {
    table: 'carrier_accounts',
    owner: 'organization_id',
    column: 'auth_token_sealed',
    purpose: 'carrier-token',
  },
] as const

/**
 * Seals an organization's secrets with its present data key, those of the first version included; answers with how many rows changed. Each row is
 * changed only if it is still what was read, so it may run while others write, be broken off, and be repeated. Calls and stored answers keep what they
 * have: they are over before an old key is destroyed.
 */
export async function resealSecrets(ctx: ServiceContext, input: { organizationId: string }): Promise<number> {
  let changed = 0
  for (const column of COLUMNS) changed += await resealColumn(ctx, input.organizationId, column)
  return changed + (await resealAssistants(ctx, input.organizationId))
}

async function resealColumn(
  ctx: ServiceContext,
  organizationId: string,
  { table, owner, column, purpose }: (typeof COLUMNS)[number],
): Promise<number> {
  const { sql } = ctx.db
  const { id: keyId } = await ctx.secrets.dataKeys.current(organizationId)
  let changed = 0
  for (;;) {
    const rows = await sql<{ id: string; sealed: string }[]>`
      select id, ${sql(column)} as sealed from ${sql(table)}
      where ${sql(owner)} = ${organizationId} and ${sql(column)} not like ${`v2.${keyId}.%`} order by id limit ${BATCH}`
    for (const { id, sealed } of rows) {
      const boundTo = `${purpose}:${id}`
      const plain = await ctx.secrets.open(organizationId, sealed, boundTo)
      const fresh = await ctx.secrets.seal(organizationId, plain, boundTo)
      const written = await sql`
        update ${sql(table)} set ${sql(column)} = ${fresh} where id = ${id} and ${sql(column)} = ${sealed}`
      changed += written.count
    }
    if (rows.length < BATCH) return changed
  }
}

async function resealAssistants(ctx: ServiceContext, organizationId: string): Promise<number> {
  const { sql } = ctx.db
  const { id: keyId } = await ctx.secrets.dataKeys.current(organizationId)
  const isOld = (settings: SealedSettings) =>
    sealedValues(settings).some((value) => dataKeyOf(value) !== keyId)
  let changed = 0
  for (let after = ''; ; ) {
    const rows = await sql<{ id: string; settings: unknown; text: string }[]>`
      select id, settings, settings::text as text from assistants
      where organization_id = ${organizationId} and id > ${after} order by id limit ${BATCH}`
    for (const { id, settings, text } of rows) {
      const stored = storedSettings(settings)
      if (!isOld(stored)) continue
      const fresh = await resealSettings(ctx.secrets, organizationId, stored)
      const written = await sql`
        update assistants set settings = ${JSON.stringify(fresh)}::text::jsonb where id = ${id} and settings = ${text}::text::jsonb`
      changed += written.count
    }
    const last = rows.at(-1)
    if (!last || rows.length < BATCH) return changed
    after = last.id
  }
}
