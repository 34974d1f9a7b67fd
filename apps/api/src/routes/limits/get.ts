import { limitsSchema } from '@phonevoice/contracts'
import { getDialPolicy } from '@phonevoice/services/dial-policy'
import { getLimits } from '@phonevoice/services/limits'
import { type AddRoute, answer, createRoute, KEY_PROBLEMS, needs, problems } from '../describe.ts'

const route = createRoute({
  method: 'get',
  path: '/v1/limits',
  operationId: 'getLimits',
  tags: ['System'],
  summary: 'Read limits and dial policy',
  description:
    'What your organization may use at most, whom it may call and when. Whoever runs the service sets them.',
  ...needs('limits:read'),
  responses: { 200: answer(limitsSchema, 'What holds now.'), ...problems(...KEY_PROBLEMS) },
})

export const addGetLimits: AddRoute = (api) => {
  api.openapi(route, async (c) => {
    const { organizationId } = c.get('owner')
    const context = c.get('context')
    const [limits, policy] = await Promise.all([
      getLimits(context, { organizationId }),
      getDialPolicy(context, { organizationId }),
    ])
    return c.json(
      {
        object: 'limits' as const,
        concurrent_calls: limits.concurrentCalls,
        calls_per_minute: limits.callsPerMinute,
        creates_per_second: limits.createsPerSecond,
        requests_per_second: limits.requestsPerSecond,
        queue_timeout_seconds: limits.queueTimeoutSeconds,
        spend_per_day: limits.spendPerDayMicroUsd === null ? null : limits.spendPerDayMicroUsd / 1_000_000,
        countries: [...policy.countries],
        calling_hours: policy.callingHours,
      },
      200,
    )
  })
}
