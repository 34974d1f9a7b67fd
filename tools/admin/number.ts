import { CarrierError } from '@phonevoice/base'
import { createTwilioClient } from '@phonevoice/carriers'
import { resolveCarrierAccount } from '@phonevoice/services/carrier-accounts'
import type { Mode, ServiceContext } from '@phonevoice/services/context'
import { getOrganization } from '@phonevoice/services/organizations'
import { addPhoneNumber, listPhoneNumbers } from '@phonevoice/services/phone-numbers'
import { type Command, UsageError } from './command.ts'
import { listed, shown } from './table.ts'

const organization = { value: 'org_…', isRequired: true }

export const numberCommands: readonly Command[] = [
  {
    name: 'number add',
    summary:
      'notes that a live number belongs to a carrier account; --configure also sets its voice URL there',
    positionals: [],
    options: {
      organization,
      carrier: { value: 'cacc_…', isRequired: true },
      'phone-number': { value: '+1…', isRequired: true },
      configure: { value: null },
    },
    async run(ctx, input, { apiOrigin }) {
      const organizationId = input.text('organization')
      const carrierAccountId = input.text('carrier')
      const phoneNumber = input.text('phone-number')
      const isConfigured = input.isOn('configure')
      if (isConfigured && apiOrigin === null)
        throw new UsageError(
          '--configure needs API_PUBLIC_ORIGIN, the origin under which the carrier reaches the api.',
        )
      const added = await addPhoneNumber(ctx, { organizationId, carrierAccountId, phoneNumber })
      const fields = { id: added.id, phone_number: phoneNumber, carrier: carrierAccountId }
      if (!isConfigured)
        return shown({ ...fields, voice_url: null }, [
          'Nothing was changed at the carrier. POST /v1/phone-numbers sets the voice URL when it binds an assistant.',
        ])
      const voiceUrl = `${apiOrigin}/carriers/twilio/inbound`
      await configure(ctx, {
        organizationId,
        carrierAccountId,
        phoneNumber,
        voiceUrl,
        statusUrl: `${apiOrigin}/carriers/twilio/status`,
      })
      return shown({ ...fields, voice_url: voiceUrl })
    },
  },
  {
    name: 'number list',
    summary: "shows an organization's numbers of both modes, newest first",
    positionals: [],
    options: { organization },
    async run(ctx, input) {
      const organizationId = input.text('organization')
      await getOrganization(ctx, { organizationId })
      const numbers = [
        ...(await all(ctx, organizationId, 'live')),
        ...(await all(ctx, organizationId, 'test')),
      ]
      return listed(
        numbers.map(({ id, mode, phone_number, assistant_id, created_at }) => ({
          id,
          mode,
          phone_number,
          assistant_id,
          created_at,
        })),
        `There are no numbers yet: number add --organization ${organizationId} --carrier cacc_… --phone-number +1…`,
      )
    },
  },
]

async function configure(
  ctx: ServiceContext,
  number: {
    organizationId: string
    carrierAccountId: string
    phoneNumber: string
    voiceUrl: string
    statusUrl: string
  },
): Promise<void> {
  const { organizationId, carrierAccountId, phoneNumber, voiceUrl, statusUrl } = number
  const account = await resolveCarrierAccount(ctx, { mode: 'live', organizationId, carrierAccountId })
  try {
    await createTwilioClient(account).configureNumber(phoneNumber, { voiceUrl, statusUrl })
  } catch (error) {
    if (!(error instanceof CarrierError)) throw error
    throw new Error(
      `${phoneNumber} is noted here, but the carrier was not configured: ${error.message} The same command can be repeated.`,
      { cause: error },
    )
  }
}

async function all(ctx: ServiceContext, organizationId: string, mode: Mode) {
  const numbers = []
  let cursor: string | undefined
  do {
    const page = await listPhoneNumbers(ctx, { organizationId, mode, limit: 100, cursor })
    numbers.push(...page.items)
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  return numbers
}
