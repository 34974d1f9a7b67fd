import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { connect, createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** A program that checks webhook signatures the way a user of that language would write it. */
export interface Receiver {
  name: string
  /** What must be on PATH. */
  interpreter: string
  /** Shell-free command lines; `build` runs once before `run`. */
  build?: (folder: string) => string[]
  run: (folder: string, port: number) => string[]
}

const source = (file: string) => path.join(import.meta.dirname, file)

export const RECEIVERS: readonly Receiver[] = [
  { name: 'node, raw body', interpreter: 'node', run: () => ['node', source('node-raw.mjs')] },
  {
    name: 'node, parsed and serialised',
    interpreter: 'node',
    run: () => ['node', source('node-reserialized.mjs')],
  },
  { name: 'python', interpreter: 'python3', run: () => ['python3', source('verify.py')] },
  { name: 'ruby', interpreter: 'ruby', run: () => ['ruby', source('verify.rb')] },
  {
    name: 'php',
    interpreter: 'php',
    run: (_folder, port) => ['php', '-S', `127.0.0.1:${port}`, source('verify.php')],
  },
  {
    name: 'go',
    interpreter: 'go',
    // `go run` would leave its child behind when it is stopped.
    build: (folder) => ['go', 'build', '-o', path.join(folder, 'verify-go'), source('verify.go')],
    run: (folder) => [path.join(folder, 'verify-go')],
  },
]

export function isInstalled(receiver: Receiver): boolean {
  const flag = receiver.interpreter === 'go' ? 'version' : '--version'
  return spawnSync(receiver.interpreter, [flag]).status === 0
}

export interface RunningReceiver {
  url: string
  /** Event types of the webhooks it accepted, in order of arrival. */
  accepted: string[]
  stop(): Promise<void>
}

/** Starts a receiver and waits until it listens. `folder` is for what it builds. */
export async function startReceiver(
  receiver: Receiver,
  secret: string,
  folder: string,
): Promise<RunningReceiver> {
  const build = receiver.build?.(folder)
  if (build) {
    const env = { ...process.env, GOFLAGS: '', GO111MODULE: 'off', CGO_ENABLED: '0' }
    const { status, stderr } = spawnSync(build[0] as string, build.slice(1), { env, encoding: 'utf8' })
    if (status !== 0) throw new Error(`${receiver.name} does not build: ${stderr}`)
  }
  const port = await freePort()
  const [file = '', ...args] = receiver.run(folder, port)
  const env = { ...process.env, PORT: String(port), WEBHOOK_SECRET: secret }
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const accepted: string[] = []
  let output = ''
  let complaints = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (output + text).split('\n')
    output = lines.pop() as string
    accepted.push(...lines)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-2000)
  })
  await waitForPort(child, port, () => `${receiver.name} does not listen: ${complaints}`)
  return { url: `http://127.0.0.1:${port}/`, accepted, stop: () => stop(child) }
}

async function waitForPort(child: ChildProcess, port: number, complaint: () => string): Promise<void> {
  const deadline = Date.now() + 20_000
  while (Date.now() < deadline && child.exitCode === null) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true))
      socket.once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (isOpen) return
    await wait(20)
  }
  child.kill('SIGKILL')
  throw new Error(complaint())
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
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
