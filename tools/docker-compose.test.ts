/** Goal: what nobody can run here holds on paper. Method: the file as Compose reads it, with the variables it asks for, against the code it starts. */
import { readFileSync } from 'node:fs'
import { apiConfigShape } from '@phonevoice/api'
import { type ConfigShape, parseConfig } from '@phonevoice/base'
import { workerConfigShape } from '@phonevoice/worker'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { mediaConfigShape } from '../apps/media/src/config.ts'

interface Service {
  image?: string
  command?: string[]
  entrypoint?: string[]
  environment?: Record<string, string>
  ports?: string[]
  volumes?: string[]
  healthcheck?: { test: string[] }
  depends_on?: Record<string, { condition: string }>
}

const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')

/** What an operator must set; everything else has a default. */
const OPERATOR: Record<string, string> = {
  POSTGRES_PASSWORD: 'secret',
  API_PUBLIC_ORIGIN: 'https://api.example.com',
  MEDIA_PUBLIC_ORIGIN: 'wss://media.example.com',
  SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
}

/** Compose's `${NAME:?message}` and `${NAME:-default}`, put in after the file has been parsed: a variable that is empty is an empty text. */
function interpolate(_: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  return value.replace(/\$\{(\w+)(?::([?-])([^}]*))?\}/g, (_match, name, kind, rest) => {
    const given = OPERATOR[name]
    if (given !== undefined) return given
    if (kind === '-') return rest
    throw new Error(`${name} has no default, and nobody is told to set it`)
  })
}

const compose: { services: Record<string, Service>; volumes: Record<string, unknown> } = JSON.parse(
  JSON.stringify(parse(read('docker-compose.yml'), { merge: true })),
  interpolate,
)
const { services } = compose
const service = (name: string): Service => services[name] ?? {}
const environmentOf = (name: string) => service(name).environment ?? {}

const APPS: [name: string, shape: ConfigShape, portVariable: string][] = [
  ['api', apiConfigShape, 'API_PORT'],
  ['media', mediaConfigShape, 'MEDIA_PORT'],
  ['worker', workerConfigShape, 'HEALTH_PORT'],
]

test('every program it starts is one that tools/build.ts makes', () => {
  const built = [...read('tools/build.ts').matchAll(/^ {2}(\w+): '[\w/-]+\.ts',$/gm)].map((match) => match[1])
  expect(built).toContain('api')
  const started = Object.values(services).flatMap(({ command, entrypoint }) => command ?? entrypoint ?? [])
  const programs = started.filter((word) => word.endsWith('.mjs'))
  expect(programs.length).toBe(5)
  for (const program of programs) expect(built.map((name) => `dist/${name}.mjs`)).toContain(program)
})

test.each(APPS)('%s starts with what it is given', (name, shape) => {
  const config: Record<string, unknown> = parseConfig(shape, environmentOf(name))
  expect(config.DATABASE_URL).toBe('postgres://phonevoice:secret@postgres:5432/phonevoice')
  expect(config.REDIS_URL).toBe('redis://redis:6379')
})

test.each(APPS)('%s can be told everything it reads', (name, shape) => {
  const missing = Object.keys(shape).filter(
    (variable) => !(variable in environmentOf(name)) && !variable.startsWith('SANDBOX_'),
  )
  expect(missing).toEqual([])
})

test('it sets nothing that nobody reads', () => {
  const known = new Set(APPS.flatMap(([, shape]) => Object.keys(shape)))
  for (const [name] of APPS)
    expect(Object.keys(environmentOf(name)).filter((variable) => !known.has(variable))).toEqual([])
})

test.each(APPS)('%s is asked for its health where it listens', (name, _, portVariable) => {
  const port = environmentOf(name)[portVariable]
  expect(port).toMatch(/^\d+$/)
  expect(service(name).healthcheck?.test.join(' ')).toContain(`http://127.0.0.1:${port}/readyz`)
  for (const mapping of service(name).ports ?? []) expect(mapping).toMatch(new RegExp(`:${port}$`))
})

test('all three see the same recordings, and start when the tables are there', () => {
  for (const [name] of APPS) {
    expect(environmentOf(name).STORAGE_DIR).toBe('/data/storage')
    expect(service(name).volumes).toContain('storage:/data/storage')
    expect(service(name).depends_on?.migrate).toEqual({ condition: 'service_completed_successfully' })
  }
  expect(Object.keys(compose.volumes).sort()).toEqual(['postgres', 'redis', 'storage'])
})

test('a container is reached from outside it', () => {
  expect(environmentOf('api').API_HOST).toBe('0.0.0.0')
  expect(environmentOf('media').MEDIA_HOST).toBe('0.0.0.0')
})
