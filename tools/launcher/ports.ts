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
  if (apiPort !== null) await requireFree(apiPort)
  const chosen: Partial<Ports> = {}
  for (const name of PORT_NAMES) {
    const wanted = name === 'api' && apiPort !== null ? apiPort : last[name]
    const isUsed = Object.values(chosen).includes(wanted as number)
    chosen[name] = wanted && !isUsed && (await isFree(wanted)) ? wanted : await freePort()
  }
  state.writeJson('ports.json', chosen)
  return chosen as Ports
}

async function requireFree(port: number): Promise<void> {
  try {
    await tryPort(port)
  } catch (error) {
    const problem =
      (error as NodeJS.ErrnoException).code === 'EACCES' ? 'needs more rights than you have' : 'is taken'
    throw new Error(`Port ${port} (from PORT) ${problem}. Choose another, or unset PORT.`)
  }
}

async function isFree(port: number): Promise<boolean> {
  return await tryPort(port).then(
    () => true,
    () => false,
  )
}

async function freePort(): Promise<number> {
  try {
    return await tryPort(0)
  } catch {
    throw new Error('The system has no free port on 127.0.0.1.')
  }
}

function tryPort(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address() as { port: number }
      probe.close(() => resolve(address.port))
    })
  })
}
