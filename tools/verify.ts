/** `npm run verify`: everything that can be checked in seconds and without services. Every check runs, so that one run shows all problems. */
import { spawnSync } from 'node:child_process'

const CHECKS = [
  { name: 'format and lint', command: ['biome', 'check', '--error-on-warnings', '.'] },
  { name: 'types', command: ['tsc', '--noEmit', '-p', '.'] },
  { name: 'unused code and dependencies', command: ['knip'] },
  { name: 'dependency direction', command: ['tsx', 'tools/checks/dependency-direction.ts'] },
  { name: 'queries name their organization', command: ['tsx', 'tools/checks/tenant-scope.ts'] },
  { name: 'generated files are fresh', command: ['tsx', 'tools/generate.ts', '--check'] },
  { name: 'documented paths exist', command: ['tsx', 'tools/checks/documented-paths.ts'] },
] as const

let failures = 0
for (const check of CHECKS) {
  const startedAt = performance.now()
  const result = spawnSync('npx', ['--no-install', ...check.command], { encoding: 'utf8' })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  const isGood = result.status === 0
  console.log(`${isGood ? 'ok  ' : 'FAIL'} ${check.name} (${seconds} s)`)
  if (!isGood) {
    failures++
    console.log(`${result.stdout}${result.stderr}`.trim().replaceAll(/^/gm, '     '))
  }
}
if (failures > 0) {
  console.log(`${failures} of ${CHECKS.length} checks failed`)
  process.exitCode = 1
}
