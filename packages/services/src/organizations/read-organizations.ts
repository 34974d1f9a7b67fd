import { schema } from '@phonevoice/db'
import { asc, eq } from 'drizzle-orm'
import type { ServiceContext } from '../context.ts'
import { organizationNotFound } from './webhook-secret.ts'

export interface Organization {
  id: string
  name: string
  createdAt: Date
}

const columns = {
  id: schema.organizations.id,
  name: schema.organizations.name,
  createdAt: schema.organizations.createdAt,
}

/** All of them, oldest first: for the person who runs the deployment. */
export async function listOrganizations(ctx: ServiceContext): Promise<Organization[]> {
  const { organizations } = schema
  return await ctx.db.orm
    .select(columns)
    .from(organizations)
    .orderBy(asc(organizations.createdAt), asc(organizations.id))
}

/** Throws `not_found`. */
export async function getOrganization(
  ctx: ServiceContext,
  input: { organizationId: string },
): Promise<Organization> {
  const [row] = await ctx.db.orm
    .select(columns)
    .from(schema.organizations)
    .where(eq(schema.organizations.id, input.organizationId))
  if (!row) throw organizationNotFound()
  return row
}
