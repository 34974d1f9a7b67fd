import { createHash } from 'node:crypto'
import { accessSync, constants, mkdirSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { canReach, claimFolder, type Owner } from './access.ts'
import { copyBinaries, linkLibraries, type PostgresBinaries } from './binaries.ts'

/** Where a cluster lives and what runs it. */
export interface Location {
  binaries: PostgresBinaries
  /** The cluster. Its password and log lie beside it: `<dataDir>.password`, `<dataDir>.log`. */
  dataDir: string
  /** Null: the user we are. */
  owner: Owner | null
}

/**
 * Postgres refuses to run as root. As root we run it as `nobody`, in place when that user can get to the binaries and the data; when it
 * cannot (a project under `/root`), both go to a folder in the system's temporary folder whose name follows from `dataDir`, so that the
 * next start finds it again.
 */
export function chooseLocation(wanted: {
  dataDir: string
  binaries: PostgresBinaries
  ownerUid?: number
}): Location {
  const { binaries } = wanted
  const parentDir = path.dirname(path.resolve(wanted.dataDir))
  mkdirSync(parentDir, { recursive: true, mode: 0o700 })
  const dataDir = path.join(realpathSync(parentDir), path.basename(wanted.dataDir))

  if (process.getuid?.() !== 0) {
    const usable = linkLibraries(binaries) ? binaries : copyBinaries(binaries, path.dirname(dataDir))
    return { binaries: usable, dataDir, owner: null }
  }

  const uid = wanted.ownerUid ?? NOBODY
  const owner = { uid, gid: uid }
  const isDataReachable = canReach(path.dirname(dataDir), owner)
  if (isDataReachable && canReach(path.dirname(binaries.postgres), owner)) {
    const usable = linkLibraries(binaries) ? binaries : copyBinaries(binaries, path.dirname(dataDir))
    return { binaries: usable, dataDir, owner }
  }

  const homeDir = temporaryHome(dataDir, owner)
  return {
    binaries: copyBinaries(binaries, homeDir),
    dataDir: isDataReachable ? dataDir : path.join(homeDir, 'data'),
    owner,
  }
}

/** The user and group `nobody` have this number wherever they exist. initdb wants an entry in `/etc/passwd`. */
const NOBODY = 65534

function temporaryHome(dataDir: string, owner: Owner): string {
  const tag = createHash('sha256').update(dataDir).digest('hex').slice(0, 16)
  for (const folder of new Set([tmpdir(), '/tmp', '/var/tmp'])) {
    if (!isWritable(folder) || !canReach(folder, owner)) continue
    const homeDir = path.join(realpathSync(folder), `phonevoice-${tag}`)
    claimFolder(homeDir, 0o711)
    return homeDir
  }
  throw new Error(
    `No temporary folder is open to user ${owner.uid}, whom Postgres must run as. Start as a normal user, or set DATABASE_URL.`,
  )
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
