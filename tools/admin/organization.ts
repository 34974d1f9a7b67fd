import { createOrganization, listOrganizations } from '@phonevoice/services/organizations'
import { type Command, UsageError } from './command.ts'
import { listed, shown } from './table.ts'

const NAME_LENGTH_MAX = 200

export const organizationCommands: readonly Command[] = [
  {
    name: 'organization create',
    summary: 'makes an organization and its webhook secret',
    positionals: ['<name>'],
    options: {},
    async run(ctx, input) {
      const name = input.text('<name>')
      if (name.length > NAME_LENGTH_MAX)
        throw new UsageError(`A name has at most ${NAME_LENGTH_MAX} characters.`)
      const { id, webhookSecret } = await createOrganization(ctx, { name })
      return shown({ id, name, webhook_secret: webhookSecret }, [
        `Next: key create --organization ${id} --mode test`,
      ])
    },
  },
  {
    name: 'organization list',
    summary: 'shows all organizations, oldest first',
    positionals: [],
    options: {},
    async run(ctx) {
      const organizations = await listOrganizations(ctx)
      return listed(
        organizations.map(({ id, name, createdAt }) => ({ id, name, created_at: createdAt })),
        'There are no organizations yet: organization create <name>',
      )
    },
  },
]
