import { createServer } from 'node:net'
import type { StateFolder } from './state-folder.ts'

export const PORT_NAMES = ['api', 'media', 'sandbox', 'providers', 'inbox'] as const
export type Ports = Record<(typeof PORT_NAMES)[number], number>

/**
 * Chooses a port for everything that listens: the one used last time where it is still free, so that addresses people have pasted keep
 * working, otherwise one that the system offers. `apiPort`, when given, must be free.
 */
export async function choosePorts(state: StateFolder, apiPort: number | null): Promise<Ports> {
  const last = state.readJson<Partial<Ports>>('ports.json') ?? {}
  if (apiPort !== null && !(await isFree(apiPort))) {
    throw new Error(`Port ${apiPort} (from PORT) is taken. Choose another, or unset PORT.`)
  }
  const chosen: Partial<Ports> = {}
  for (const name of PORT_NAMES) {
    const wanted = name === 'api' && apiPort !== null ? apiPort : last[name]
    const isUsed = Object.values(chosen).includes(wanted as number)
    chosen[name] = wanted && !isUsed && (await isFree(wanted)) ? wanted : await freePort()
  }
  state.writeJson('ports.json', chosen)
  return chosen as Ports
}

async function isFree(port: number): Promise<boolean> {
  return (await tryPort(port)) !== null
}

async function freePort(): Promise<number> {
  const port = await tryPort(0)
  if (port === null) throw new Error('The system has no free port on 127.0.0.1.')
  return port
}

function tryPort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(null))
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address() as { port: number }
      probe.close(() => resolve(address.port))
    })
  })
}
