import { completeRotation, rotateWebhookSecret, showWebhookSecret } from '@phonevoice/services/organizations'
import type { Command } from './command.ts'
import { shown } from './table.ts'

const options = { organization: { value: 'org_…', isRequired: true } }

export const webhookSecretCommands: readonly Command[] = [
  {
    name: 'webhook-secret show',
    summary: 'shows what signs the webhooks, and what will after a rotation under way',
    positionals: [],
    options,
    async run(ctx, input) {
      const { current, next } = await showWebhookSecret(ctx, { organizationId: input.text('organization') })
      return shown({ current, next })
    },
  },
  {
    name: 'webhook-secret rotate',
    summary: 'makes the next secret; webhooks then carry both signatures',
    positionals: [],
    options,
    async run(ctx, input) {
      const organizationId = input.text('organization')
      const { next } = await rotateWebhookSecret(ctx, { organizationId })
      return shown({ next }, [
        'Teach it to the receivers: PhoneVoice-Signature-Next is made with it, PhoneVoice-Signature still with the old one.',
        `Then: webhook-secret complete --organization ${organizationId}`,
      ])
    },
  },
  {
    name: 'webhook-secret complete',
    summary: 'makes the next secret the only one',
    positionals: [],
    options,
    async run(ctx, input) {
      const organizationId = input.text('organization')
      await completeRotation(ctx, { organizationId })
      const { current } = await showWebhookSecret(ctx, { organizationId })
      return shown({ current })
    },
  },
]
