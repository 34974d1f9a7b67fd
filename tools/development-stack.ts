import { readFileSync } from 'node:fs'
import path from 'node:path'

/** What a stack started with `npm start` writes down about itself, as far as other tools need it. */
export interface DevelopmentStack {
  api_url: string
  sandbox_url: string
  database_url: string
  /** 32 bytes in base64. */
  secrets_key: string
}

/** Reads the state folder of `npm start`; null when nothing runs there. `folder` is `.phonevoice` unless `npm start` was told another. */
export function readDevelopmentStack(folder: string): DevelopmentStack | null {
  const dev = readJson(path.join(folder, 'dev.json'))
  const secrets = readJson(path.join(folder, 'secrets.json'))
  if (!dev || !secrets) return null
  const { api_url, sandbox_url, database_url } = dev
  const { secretsKey: secrets_key } = secrets
  if (!api_url || !sandbox_url || !database_url || !secrets_key) return null
  return { api_url, sandbox_url, database_url, secrets_key }
}

function readJson(file: string): Record<string, string | undefined> | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string | undefined>
  } catch {
    return null
  }
}
