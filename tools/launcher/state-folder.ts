import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Everything that an installation started with `npm start` keeps: data, secrets, logs, recordings. */
export interface StateFolder {
  root: string
  /** The path of something inside; folders on the way are made. */
  path(...parts: string[]): string
  /** Null when the file is missing or is not JSON. */
  readJson<T>(name: string): T | null
  /** Replaces the file in one step, readable by its owner only. */
  writeJson(name: string, value: unknown): void
}

export function openStateFolder(root: string): StateFolder {
  mkdirSync(root, { recursive: true, mode: 0o700 })
  // As root the database runs as another user, who must be able to pass through. What lies inside is closed one by one.
  chmodSync(root, process.getuid?.() === 0 ? 0o711 : 0o700)
  const inside = (...parts: string[]) => {
    const target = path.join(root, ...parts)
    mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 })
    return target
  }
  return {
    root,
    path: inside,
    readJson<T>(name: string): T | null {
      try {
        return JSON.parse(readFileSync(inside(name), 'utf8')) as T
      } catch {
        return null
      }
    },
    writeJson(name, value) {
      const temporary = inside(`${name}.${process.pid}`)
      writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
      renameSync(temporary, inside(name))
    },
  }
}

/** Made once, at random, and kept: losing `secretsKey` makes every stored secret unreadable. */
export interface Secrets {
  /** 32 bytes in base64: encrypts secrets in the database. */
  secretsKey: string
  databasePassword: string
  sandboxAccountSid: string
  sandboxAuthToken: string
}

export function ensureSecrets(state: StateFolder): Secrets {
  const kept = state.readJson<Partial<Secrets>>('secrets.json')
  if (!kept && existsSync(state.path('secrets.json'))) {
    throw new Error(
      `${state.path('secrets.json')} cannot be read as JSON; restore it, or remove ${state.root}.`,
    )
  }
  const secrets: Secrets = {
    secretsKey: randomBytes(32).toString('base64'),
    databasePassword: randomBytes(24).toString('base64url'),
    sandboxAccountSid: `AC${randomBytes(16).toString('hex')}`,
    sandboxAuthToken: randomBytes(16).toString('hex'),
    ...kept,
  }
  state.writeJson('secrets.json', secrets)
  return secrets
}
