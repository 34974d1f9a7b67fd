import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

interface TestRedis {
  url: string
  pid: number
  stop(): Promise<void>
}

/** Starts `redis-server` with nothing on disk; null when it is not installed. */
export async function startRedis(folder: string): Promise<TestRedis | null> {
  const port = await freePort()
  // The folder in the command line is how a later run recognises a server that was left behind.
  const child = spawn('redis-server', redisArguments(port, folder), { stdio: 'ignore' })
  const isInstalled = await new Promise<boolean>((resolve) => {
    child.once('spawn', () => resolve(true))
    child.once('error', () => resolve(false))
  })
  if (!isInstalled) return null
  writeFileSync(path.join(folder, 'redis.pid'), String(child.pid))
  await waitForPong(child, port)
  return { url: `redis://127.0.0.1:${port}`, pid: child.pid as number, stop: () => stop(child) }
}

function redisArguments(port: number, folder: string): string[] {
  const settings = {
    bind: '127.0.0.1',
    port: String(port),
    dir: folder,
    save: '',
    appendonly: 'no',
    'maxmemory-policy': 'noeviction',
  }
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
}

async function waitForPong(child: ChildProcess, port: number): Promise<void> {
  const deadline = Date.now() + 10_000
  while (Date.now() < deadline && child.exitCode === null) {
    if (await pings(port)) return
    await wait(10)
  }
  child.kill('SIGKILL')
  throw new Error('redis-server did not start; set TEST_REDIS_URL to use a Redis of your own.')
}

function pings(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    const finish = (isUp: boolean) => {
      socket.destroy()
      resolve(isUp)
    }
    socket.setTimeout(1000, () => finish(false))
    socket.once('data', (reply) => finish(reply.toString().startsWith('+PONG')))
    socket.once('error', () => finish(false))
  })
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    const force = setTimeout(() => child.kill('SIGKILL'), 5000)
    child.once('exit', () => {
      clearTimeout(force)
      resolve()
    })
    child.kill('SIGTERM')
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}
