import { getOrganization } from '@phonevoice/services/organizations'
import { rotateDataKey, rotateMasterKey } from '@phonevoice/services/secret-rotation'
import type { Command } from './command.ts'
import { shown } from './table.ts'

export const secretsCommands: readonly Command[] = [
  {
    name: 'secrets rotate-master',
    summary: 'wraps every data key with SECRETS_KEY; docs/self-hosting.md has the steps before and after',
    positionals: [],
    options: {},
    async run(ctx) {
      const { rewrapped, resealed } = await rotateMasterKey(ctx)
      return shown({ data_keys_wrapped: rewrapped, secrets_sealed: resealed })
    },
  },
  {
    name: 'secrets rotate-data',
    summary: 'gives an organization a new data key and seals its secrets with it',
    positionals: [],
    options: { organization: { value: 'org_…', isRequired: true } },
    async run(ctx, input) {
      const organizationId = input.text('organization')
      await getOrganization(ctx, { organizationId })
      const { resealed, destroyed } = await rotateDataKey(ctx, { organizationId })
      return shown({
        organization: organizationId,
        secrets_sealed: resealed,
        old_keys_destroyed: destroyed,
      })
    },
  },
]
