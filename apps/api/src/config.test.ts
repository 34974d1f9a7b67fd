import { parseConfig } from '@phonevoice/base'
import { expect, test } from 'vitest'
import { apiConfigShape } from './config.ts'

const env = {
  DATABASE_URL: 'postgres://localhost/x',
  STORAGE_DIR: '/data',
  SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
}

test('three variables are enough', () => {
  expect(parseConfig(apiConfigShape, env)).toMatchObject({
    API_PORT: 3000,
    API_HOST: '127.0.0.1',
    LOG_LEVEL: 'info',
  })
})

test('a public origin loses its trailing slash', () => {
  const config = parseConfig(apiConfigShape, { ...env, API_PUBLIC_ORIGIN: 'https://api.example.com/' })
  expect(config.API_PUBLIC_ORIGIN).toBe('https://api.example.com')
})

test('all problems are named together', () => {
  const bad = { SECRETS_KEY: 'c2hvcnQ=', API_PORT: '99999', API_PUBLIC_ORIGIN: 'ftp://x' }
  for (const name of ['DATABASE_URL', 'STORAGE_DIR', ...Object.keys(bad)])
    expect(() => parseConfig(apiConfigShape, bad)).toThrow(name)
  expect(() => parseConfig(apiConfigShape, bad)).toThrow('DATABASE_URL: is not set')
})

test('every variable has its sentence', () => {
  for (const [name, schema] of Object.entries(apiConfigShape))
    expect(schema.meta()?.description, name).toMatch(/\.$/)
})
