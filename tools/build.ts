/**
 * `npx tsx tools/build.ts [folder]` bundles everything an image runs into `dist/`, or another folder: the four apps, `admin` and `migrate`. The
 * bundles name packages from the registry by their absolute path, so they run where `node_modules` lies as it did when they were built.
 */
import { cpSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { bundleApp } from './launcher/bundle.ts'

const ENTRIES = {
  api: 'apps/api/src/main.ts',
  media: 'apps/media/src/main.ts',
  worker: 'apps/worker/src/main.ts',
  sandbox: 'apps/sandbox/src/main.ts',
  admin: 'tools/admin/main.ts',
  migrate: 'tools/migrate.ts',
} as const

const projectRoot = path.resolve(import.meta.dirname, '..')
const folder = path.resolve(process.argv[2] ?? path.join(projectRoot, 'dist'))
mkdirSync(folder, { recursive: true })
await Promise.all(
  Object.entries(ENTRIES).map(([name, entry]) =>
    bundleApp(path.join(projectRoot, entry), path.join(folder, `${name}.mjs`)),
  ),
)
// `migrate` of @phonevoice/db looks for them beside the program it is part of.
cpSync(path.join(projectRoot, 'packages/db/src/migrations'), path.join(folder, 'migrations'), {
  recursive: true,
})
console.log(`Built ${Object.keys(ENTRIES).join(', ')} into ${folder}.`)
