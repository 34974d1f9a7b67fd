/**
 * Goal: no spelling of an inner address gets a connection. Method: a canary listens on loopback; more than two thousand URLs, generated from inner
 * addresses times ways to write them times ways to reach them (literal, name, mixed and changing answers, redirect), are requested through a client
 * with nothing opened, or nothing but one address. Each must be refused before any socket is made, which the canary confirms for the loopback ones.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGuardedClient } from './guarded-client.ts'
import type { ResolveName } from './guarded-connector.ts'

let canary: Server
let canaryPort = 0
let visits = 0
beforeAll(async () => {
  canary = createServer((_, response) => void response.end('inside')).on('connection', () => visits++)
  await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve))
  canaryPort = (canary.address() as AddressInfo).port
})
afterAll(() => new Promise((resolve) => canary.close(resolve)))

const INNER_IPV4 = [
  '127.0.0.1',
  '127.1.2.3',
  '0.0.0.0',
  '10.0.0.1',
  '10.255.255.254',
  '100.64.0.1',
  '100.100.100.200',
  '169.254.169.254',
  '169.254.170.2',
  '172.16.0.1',
  '172.31.255.254',
  '192.168.0.1',
  '192.168.255.254',
  '192.0.0.192',
  '192.0.2.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '168.63.129.16',
]

function spellingsOf(ipv4: string): string[] {
  const [a, b, c, d] = ipv4.split('.').map(Number) as [number, number, number, number]
  const whole = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
  const hex = (value: number) => value.toString(16)
  const high = hex((a << 8) | b)
  const low = hex((c << 8) | d)
  return [
    ipv4,
    `${ipv4}.`,
    String(whole),
    `0x${hex(whole)}`,
    `0${whole.toString(8)}`,
    `0x${hex(a)}.0x${hex(b)}.0x${hex(c)}.0x${hex(d)}`,
    `0${a.toString(8)}.${b}.${c}.${d}`,
    `${a}.${(b << 16) | (c << 8) | d}`,
    `${a}.${b}.${(c << 8) | d}`,
    ipv4.replaceAll('.', '。'),
    ipv4.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
    `[::ffff:${ipv4}]`,
    `[::ffff:${high}:${low}]`,
    `[::${ipv4}]`,
    `[64:ff9b::${ipv4}]`,
    `[2002:${high}:${low}::1]`,
    `[2001:0:${high}:${low}::1]`,
    `[2001:0:4136:e378:8000:63bf:${hex(0xffff ^ Number.parseInt(high, 16))}:${hex(0xffff ^ Number.parseInt(low, 16))}]`,
  ]
}

const INNER_IPV6 = [
  '[::]',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[fe80::1]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[fec0::1]',
  '[ff02::1]',
  '[2001:db8::1]',
  '[100::1]',
  '[3fff::1]',
  '[5f00::1]',
]

const client = createGuardedClient({
  allowedRanges: [],
  connectTimeoutMs: 500,
  // A hostile name server: the name itself says what to answer.
  resolve: ((hostname, done) => {
    const answers = hostname.replace(/\.test$/, '').split('-and-')
    done(
      null,
      answers.map((answer) => ({ address: answer.replaceAll('_', '.'), family: 4 })),
    )
  }) satisfies ResolveName,
})
afterAll(() => client.close())

const outcomeOf = (url: string): Promise<unknown> =>
  client.request({ url, method: 'POST', headers: {}, body: 'x', totalTimeoutMs: 1000 }).then(
    (answer) => answer.status,
    (error) => error.code,
  )

describe('hostile URLs', () => {
  test('every spelling of an inner address is refused, on every port and scheme', async () => {
    const hosts = [...INNER_IPV4.flatMap(spellingsOf), ...INNER_IPV6]
    const urls = hosts.flatMap((host) => [
      `http://${host}:${canaryPort}/`,
      `https://${host}/`,
      `http://${host}/`,
    ])
    expect(urls.length).toBeGreaterThan(1000)
    const reached: string[] = []
    await Promise.all(
      urls.map(async (url) => {
        if ((await outcomeOf(url)) !== 'blocked-address') reached.push(url)
      }),
    )
    expect(reached).toEqual([])
    expect(visits).toBe(0)
  })

  test('a name that resolves to an inner address is refused, also when a public one comes with it', async () => {
    const reached: string[] = []
    for (const inner of INNER_IPV4.map((address) => address.replaceAll('.', '_'))) {
      for (const host of [`${inner}.test`, `8_8_8_8-and-${inner}.test`, `${inner}-and-8_8_8_8.test`]) {
        for (const url of [`http://${host}/`, `https://${host}/`, `http://${host}:${canaryPort}/`]) {
          if ((await outcomeOf(url)) !== 'blocked-address') reached.push(url)
        }
      }
    }
    expect(reached).toEqual([])
    expect(visits).toBe(0)
  })

  test('a name whose answer changes reaches no other address than the one that was looked at', async () => {
    let lookups = 0
    const oneOpen = createGuardedClient({
      // The whole of 127.0.0.0/8 is this machine on Linux; elsewhere connecting to it fails, which is as good.
      allowedRanges: ['127.0.0.2/32'],
      connectTimeoutMs: 500,
      resolve: (_hostname, done) =>
        done(null, [{ address: lookups++ % 2 === 0 ? '127.0.0.2' : '127.0.0.1', family: 4 }]),
    })
    const names = Array.from({ length: 200 }, (_, index) => `http://rebind-${index}.test:${canaryPort}/`)
    const outcomes = await Promise.all(
      names.map((url) =>
        oneOpen.request({ url, method: 'POST', headers: {}, body: 'x', totalTimeoutMs: 1000 }).then(
          () => 'reached',
          (error) => error.code,
        ),
      ),
    )
    await oneOpen.close()
    expect(outcomes).not.toContain('reached')
    expect(outcomes.filter((outcome) => outcome === 'blocked-address').length).toBeGreaterThan(50)
    expect(visits).toBe(0)
  })

  test('a redirect to an inner address is not followed', async () => {
    const hosts = [...INNER_IPV4.flatMap(spellingsOf), ...INNER_IPV6]
    const statuses = [301, 302, 303, 307, 308]
    const redirector = createServer((request, response) => {
      const index = Number(request.url?.slice(1))
      response.writeHead(statuses[index % statuses.length] as number, {
        location: `http://${encodeURI(hosts[index] ?? '')}:${canaryPort}/`,
      })
      response.end()
    })
    await new Promise<void>((resolve) => redirector.listen(0, '127.0.0.1', resolve))
    const { port } = redirector.address() as AddressInfo
    const open = createGuardedClient({ allowedRanges: ['127.0.0.1/32'] })
    const answers = await Promise.all(
      hosts.map((_, index) =>
        open.request({ url: `http://127.0.0.1:${port}/${index}`, method: 'POST', headers: {}, body: 'x' }),
      ),
    )
    await open.close()
    await new Promise((resolve) => redirector.close(resolve))
    expect(answers.map(({ status }) => status)).toEqual(
      hosts.map((_, index) => statuses[index % statuses.length]),
    )
    expect(visits).toBe(0)
  })

  test('a public address is refused on any port but 80 and 443', async () => {
    for (const port of [1, 22, 25, 81, 444, 3306, 6379, 8080, 65535])
      expect([
        await outcomeOf(`http://8.8.8.8:${port}/`),
        await outcomeOf(`http://8_8_8_8.test:${port}/`),
      ]).toEqual(['blocked-address', 'blocked-address'])
  })

  test('other schemes, credentials and broken URLs are refused by their form', async () => {
    for (const url of [
      'file:///etc/passwd',
      'ftp://8.8.8.8/',
      'gopher://8.8.8.8/',
      'data:text/plain,x',
      'http://user@8.8.8.8/',
      'https://user:pass@example.com/',
      'http://',
      'http://[::1',
      'javascript:alert(1)',
      '//8.8.8.8/',
      '',
      'http://exa mple/',
      'http://1.2.3.4.5/',
      'http://256.256.256.256/',
    ])
      expect([url, await outcomeOf(url)]).toEqual([url, 'invalid-url'])
  })

  test('fetch is behind the same guard', async () => {
    const outcomes = await Promise.all(
      [
        `http://127.0.0.1:${canaryPort}/`,
        'http://127_0_0_1.test/',
        'http://[::1]/',
        'http://user@8.8.8.8/',
      ].map((url) =>
        client.fetch(url).then(
          () => 'reached',
          (error) => error.code,
        ),
      ),
    )
    expect(outcomes).toEqual(['blocked-address', 'blocked-address', 'blocked-address', 'invalid-url'])
    expect(visits).toBe(0)
  })
})
