import { CarrierError, InvalidInput } from '@phonevoice/base'
import { phoneNumberBindSchema, phoneNumberResourceSchema } from '@phonevoice/contracts'
import { resolveCarrierAccount } from '@phonevoice/services/carrier-accounts'
import { answerOnce } from '@phonevoice/services/idempotency'
import { bindPhoneNumber, unbindPhoneNumber } from '@phonevoice/services/phone-numbers'
import { idempotencyHeaders, markReplay, readIdempotency } from '../../idempotency.ts'
import {
  type AddRoute,
  answer,
  BODY_PROBLEMS,
  createRoute,
  jsonBody,
  jsonText,
  KEY_PROBLEMS,
  needs,
  problems,
} from '../describe.ts'

const route = createRoute({
  method: 'post',
  path: '/v1/phone-numbers',
  operationId: 'bindPhoneNumber',
  tags: ['Phone numbers'],
  summary: 'Let an assistant answer a number',
  description:
    'Also tells the carrier to ask us when the number is called. Binding a number again changes the assistant. Test keys bind +12025550190 to +12025550199.',
  ...needs('numbers:write'),
  request: { headers: idempotencyHeaders, body: jsonBody(phoneNumberBindSchema) },
  responses: {
    200: answer(phoneNumberResourceSchema, 'The number, bound.'),
    ...problems(
      ...KEY_PROBLEMS,
      ...BODY_PROBLEMS,
      'invalid_phone_number',
      'unknown_assistant',
      'number_not_owned',
      'phone_number_taken',
      'carrier_not_configured',
      'carrier_unavailable',
      'idempotency_key_reused',
    ),
  },
})

export const addBindPhoneNumber: AddRoute = (api, { carrierNumbers }) => {
  api.openapi(route, async (c) => {
    const { organizationId, mode } = c.get('owner')
    const context = c.get('context')
    const { phone_number: phoneNumber, assistant_id: assistantId } = c.req.valid('json')
    const idempotency = await readIdempotency(c, c.req.valid('header')['Idempotency-Key'])
    const answered = await answerOnce(context, { organizationId, idempotency }, async () => {
      const bound = await bindPhoneNumber(context, { organizationId, mode, phoneNumber, assistantId })
      const { carrierAccountId } = bound
      const account = await resolveCarrierAccount(context, { organizationId, mode, carrierAccountId })
      const hooks = `${context.settings.apiOrigin}/carriers/twilio`
      await carrierNumbers(account)
        .configureNumber(phoneNumber, { voiceUrl: `${hooks}/inbound`, statusUrl: `${hooks}/status` })
        .catch(async (error: unknown) => {
          if (!(error instanceof CarrierError) || error.category !== 'not-found') throw error
          // Any other failure may have reached the carrier, and repeating the request mends it; this one never will be.
          await unbindPhoneNumber(context, { organizationId, mode, phoneNumberId: bound.resource.id })
          throw unknownToCarrier()
        })
      return bound.resource
    })
    markReplay(c, answered)
    return jsonText(c, answered.body, 200)
  })
}

function unknownToCarrier(): InvalidInput {
  return new InvalidInput(
    'number_not_owned',
    'The carrier account does not have this number: buy or move it there first.',
    {
      fields: [{ pointer: '/phone_number', message: 'must be a number of the carrier account' }],
    },
  )
}
