import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Location } from './location.ts'
import { runToEnd } from './run.ts'

/** The superuser of every cluster we make. Services never log in as this role. */
export const SUPERUSER = 'phonevoice_admin'

/** Makes the cluster unless it exists; returns the superuser's password. */
export async function ensureCluster(location: Location, isEphemeral: boolean): Promise<string> {
  const { dataDir, binaries } = location
  const passwordFile = `${dataDir}.password`
  if (existsSync(path.join(dataDir, 'PG_VERSION'))) {
    refuseOtherMajor(location)
    if (!existsSync(passwordFile)) {
      throw new Error(
        `${passwordFile} is missing, so nobody can log in. Restore it, or remove ${dataDir} to start afresh.`,
      )
    }
    return readFileSync(passwordFile, 'utf8')
  }

  const password = randomBytes(24).toString('base64url')
  rmSync(passwordFile, { force: true })
  writeFileSync(passwordFile, password, { mode: 0o600, flag: 'wx' })
  // Made aside and renamed when whole, so that a start cut short leaves nothing that looks like a cluster.
  const partDir = `${dataDir}.part`
  rmSync(partDir, { recursive: true, force: true })
  mkdirSync(partDir, { mode: 0o700 })
  if (location.owner) {
    chownSync(partDir, location.owner.uid, location.owner.gid)
    chownSync(passwordFile, location.owner.uid, location.owner.gid)
  }
  await runToEnd(binaries.initdb, initArguments(partDir, passwordFile, isEphemeral), location.owner, 120_000)
  rmSync(dataDir, { recursive: true, force: true })
  renameSync(partDir, dataDir)
  return password
}

function initArguments(partDir: string, passwordFile: string, isEphemeral: boolean): string[] {
  return [
    ...['-D', partDir, '-U', SUPERUSER, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`],
    // The built-in provider needs no locale of the operating system; C.UTF-8 is absent on some.
    ...['-E', 'UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'],
    ...(isEphemeral ? ['--no-sync'] : []),
  ]
}

function refuseOtherMajor({ dataDir, binaries }: Location): void {
  const dataMajor = readFileSync(path.join(dataDir, 'PG_VERSION'), 'utf8').trim()
  const ourMajor = binaries.version.split('.')[0]
  if (dataMajor === ourMajor) return
  throw new Error(
    `${dataDir} was written by Postgres ${dataMajor} and this is ${ourMajor}. Move the data over with pg_dump, or remove the folder.`,
  )
}
