import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { clientNetwork } from './client-address.ts'

async function addressOf(forwardedFor: string, proxies: number, remoteAddress = '10.0.0.1'): Promise<string> {
  const app = new Hono().get('/', (c) => c.text(clientNetwork(c, proxies)))
  const env = { incoming: { socket: { remoteAddress, remotePort: 1, remoteFamily: 'IPv4' } } }
  const headers = { 'x-forwarded-for': forwardedFor }
  return await (await app.request('/', { headers }, env)).text()
}

test.each([
  ['9.9.9.9', 0, '10.0.0.1'],
  ['9.9.9.9', 1, '9.9.9.9'],
  ['1.1.1.1, 9.9.9.9', 1, '9.9.9.9'],
  ['1.1.1.1, 9.9.9.9, 8.8.8.8', 2, '9.9.9.9'],
  ['9.9.9.9', 2, ''],
  ['', 1, ''],
  ['2001:db8:1:2:3:4:5:6', 1, '2001:db8:1:2'],
  ['2001:0db8::6', 1, '2001:db8:0:0'],
  ['::ffff:9.9.9.9', 1, '9.9.9.9'],
  ['fe80::1%eth0', 1, 'fe80:0:0:0'],
])('%s behind %d proxies is %s', async (forwardedFor, proxies, address) => {
  expect(await addressOf(forwardedFor, proxies)).toBe(address)
})

test('without a proxy of ours it is the socket, whatever a header says', async () => {
  expect(await addressOf('1.2.3.4', 0, '2001:db8:aa:bb::1')).toBe('2001:db8:aa:bb')
})
