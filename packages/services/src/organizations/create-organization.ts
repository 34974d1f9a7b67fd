import { newId } from '@phonevoice/base'
import { schema } from '@phonevoice/db'
import { createWebhookSecret } from '@phonevoice/signing'
import type { ServiceContext } from '../context.ts'
import { requireStorableText } from '../text/storable.ts'
import { sealWebhookSecret } from './webhook-secret.ts'

/** Makes an organization with a webhook secret of its own. Throws `invalid_request`. */
export async function createOrganization(
  ctx: ServiceContext,
  input: { name: string },
): Promise<{ id: string; webhookSecret: string }> {
  requireStorableText(input.name, '/name')
  const now = new Date(ctx.clock.now())
  const id = newId('organization', now.getTime())
  const webhookSecret = createWebhookSecret()
  await ctx.db.orm.insert(schema.organizations).values({
    id,
    name: input.name,
    webhookSecretSealed: await sealWebhookSecret(ctx, id, webhookSecret),
    createdAt: now,
  })
  return { id, webhookSecret }
}
