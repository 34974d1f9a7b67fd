import { chmodSync, lstatSync, mkdirSync, realpathSync, type Stats, statSync } from 'node:fs'
import path from 'node:path'

/** Whom the server runs as. */
export interface Owner {
  uid: number
  gid: number
}

/**
 * Whether `owner` may pass through every folder above `target` and `target` itself, by mode bits alone. Access lists and mount options
 * are not seen; the programs' own errors tell about those.
 */
export function canReach(target: string, owner: Owner): boolean {
  let folder = realpathSync(target)
  for (;;) {
    if (!maySearch(statSync(folder), owner)) return false
    const parent = path.dirname(folder)
    if (parent === folder) return true
    folder = parent
  }
}

function maySearch(stats: Stats, owner: Owner): boolean {
  if (stats.uid === owner.uid) return (stats.mode & 0o100) !== 0
  if (stats.gid === owner.gid) return (stats.mode & 0o010) !== 0
  return (stats.mode & 0o001) !== 0
}

/**
 * Makes or accepts a folder at a guessable path inside a folder that everyone may write, such as `/tmp`. Anyone could have put something
 * there first, so a link, another user's folder, or one that others may write is refused.
 */
export function claimFolder(folder: string, mode: number): void {
  const parent = statSync(path.dirname(folder))
  const isOpenToAll = (parent.mode & 0o002) !== 0
  const isSticky = (parent.mode & 0o1000) !== 0
  if (isOpenToAll && !isSticky) {
    throw new Error(`${path.dirname(folder)} lets anyone rename what is in it; set TMPDIR to a safer folder.`)
  }
  try {
    mkdirSync(folder, { mode })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const stats = lstatSync(folder)
  if (!stats.isDirectory()) throw refusal(folder, 'is not a folder')
  if (stats.uid !== process.getuid?.()) throw refusal(folder, 'belongs to someone else')
  if ((stats.mode & 0o022) !== 0) throw refusal(folder, 'may be written by others')
  // Whatever the umask took away.
  chmodSync(folder, mode)
}

function refusal(folder: string, reason: string): Error {
  return new Error(
    `${folder} ${reason}, so the database is not put there. Remove it, or set TMPDIR to another folder.`,
  )
}
