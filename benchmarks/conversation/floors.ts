/** What is measured beside the product in the same run: the vendors' delays without a platform, and bare sockets without a conversation. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Child } from '../harness/child.ts'
import { type Spread, spreadOf } from '../harness/figures.ts'
import type { Product } from '../harness/product.ts'
import type { Ticket } from './line.ts'
import type { Looks } from './rounds.ts'
import { measureSerialTurn } from './serial-client.ts'

const SERIAL_TURNS = 20
const SOCKETS_MS = 5000

/** Voice-to-voice of a client that does nothing but ask one vendor after another. */
export async function measureSerialTurns(standInsUrl: string): Promise<Spread> {
  const turns = Array.from({ length: SERIAL_TURNS }, async (_, index) => {
    await wait(index * 60)
    return await measureSerialTurn(standInsUrl)
  })
  return spreadOf(await Promise.all(turns))
}

export interface SocketFloor extends Looks {
  name: string
}

/** The cost of the same frames on as many sockets, when nothing is done with them, and when each is sent back. */
export async function measureSockets(product: Product, far: Child, sockets: number): Promise<SocketFloor[]> {
  const floors: SocketFloor[] = []
  for (const [path, name] of [
    ['receive', 'floor: frames received'],
    ['echo', 'floor: and sent back'],
  ] as const) {
    const bare = await product.startProcess('echo-floor', new URL('./echo-floor.ts', import.meta.url))
    const origin = await bare.ask<string>('origin')
    const idle = await bare.usage()
    const tickets: Ticket[] = Array.from({ length: sockets }, (_, index) => ({
      url: `${origin}/${path}`,
      token: '',
      signature: '',
      accountSid: '',
      carrierCallId: `CA${String(index).padStart(32, '0')}`,
    }))
    await far.ask('connect', { tickets, scene: 'turns', rampMs: 500, spreadMs: 1000 })
    await wait(1000)
    const [before, generatorBefore] = await Promise.all([bare.usage(), far.usage()])
    await wait(SOCKETS_MS)
    const [after, generatorAfter] = await Promise.all([bare.usage(), far.usage()])
    await far.ask('leave', {})
    await bare.stop()
    const generator = { before: generatorBefore, after: generatorAfter }
    floors.push({ name, calls: sockets, idle, before, after, generator })
  }
  return floors
}
