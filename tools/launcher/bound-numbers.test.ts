import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { bindAgain } from './bound-numbers.ts'

test('every number that is bound is bound once more, to the same assistant', async () => {
  const seen: unknown[] = []
  const numbers = [
    { phone_number: '+12025550191', assistant_id: 'asst_1', id: 'num_1' },
    { phone_number: '+12025550192', assistant_id: 'asst_2', id: 'num_2' },
  ]
  const server = createServer(async (request, response) => {
    if (request.method === 'POST') seen.push([request.headers.authorization, JSON.parse(await text(request))])
    response.end(JSON.stringify(request.method === 'POST' ? {} : { data: numbers }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  expect(await bindAgain(`http://127.0.0.1:${port}`, 'key')).toBe(2)
  expect(seen).toEqual([
    ['Bearer key', { phone_number: '+12025550191', assistant_id: 'asst_1' }],
    ['Bearer key', { phone_number: '+12025550192', assistant_id: 'asst_2' }],
  ])
  server.close()
  server.closeAllConnections()
})
