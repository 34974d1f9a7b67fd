import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** A Redis that may be wiped and killed. */
export interface ChaosRedis {
  url: string
  /** Forgets everything and cuts every connection. */
  wipe(): Promise<void>
  /** SIGKILL, and after `downMs` an empty one at the same address. */
  restart(downMs: number): Promise<void>
  stop(): Promise<void>
}

const START_MAX_MS = 10_000

/** Throws where `redis-server` is not installed. */
export async function startRedis(): Promise<ChaosRedis> {
  const port = await freePort()
  let server = await start(port)
  const killAtExit = (): void => void server.kill('SIGKILL')
  process.once('exit', killAtExit)
  async function stop(): Promise<void> {
    const ended = once(server, 'exit')
    if (server.kill('SIGKILL')) await ended
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    async wipe() {
      await send(port, 'FLUSHALL\r\nCLIENT KILL TYPE normal SKIPME yes\r\n')
    },
    async restart(downMs) {
      await stop()
      await wait(downMs)
      server = await start(port)
    },
    stop,
  }
}

async function start(port: number): Promise<ChildProcess> {
  const settings = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no']
  const child = spawn('redis-server', settings, { stdio: 'ignore' })
  await once(child, 'spawn')
  const deadline = Date.now() + START_MAX_MS
  while (!(await send(port, 'PING\r\n')).includes('PONG')) {
    if (Date.now() > deadline) throw new Error('redis-server does not answer.')
    await wait(20)
  }
  return child
}

/** Redis takes commands as plain lines, too. Answers with what came back; nothing when it is down. */
function send(port: number, lines: string): Promise<string> {
  return new Promise((resolve) => {
    let reply = ''
    const socket = connect(port, '127.0.0.1', () => socket.end(lines))
    socket.setTimeout(2000, () => socket.destroy())
    socket.on('data', (data) => {
      reply += data.toString()
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(reply))
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}
