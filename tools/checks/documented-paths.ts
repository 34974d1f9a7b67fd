/**
 * Fails when a document names a path of this repository, or links to a heading, that does not exist. A path is anything in backticks that begins with a
 * folder we have.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const TOP_FOLDERS = ['apps', 'packages', 'tools', 'tests', 'benchmarks', 'examples', 'docs']
const documents = ['README.md', 'ARCHITECTURE.md', ...markdownIn('docs'), ...markdownIn('examples')].filter(
  (path) => existsSync(path),
)

const problems: string[] = []
for (const document of documents) {
  const text = readFileSync(document, 'utf8')
  const quoted = [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '')
  const linked = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map((match) =>
    join(document, '..', match[1] ?? ''),
  )
  for (const path of quoted) {
    const isPath = TOP_FOLDERS.some((folder) => path.startsWith(`${folder}/`)) && !/[<>*{}$ ]/.test(path)
    if (isPath && !existsSync(path)) problems.push(`${document} names \`${path}\`, which does not exist`)
  }
  for (const path of linked)
    if (!existsSync(path)) problems.push(`${document} links to ${path}, which does not exist`)
  for (const [, path, anchor] of text.matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)#([^)\s]+)\)/g)) {
    const target = path ? join(document, '..', path) : document
    if (existsSync(target) && !anchorsIn(target).includes(anchor ?? ''))
      problems.push(`${document} links to #${anchor} in ${target}, which has no such heading`)
  }
}
for (const problem of problems) console.error(problem)
process.exitCode = problems.length > 0 ? 1 : 0

function markdownIn(folder: string): string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.includes('node_modules'))
    .map((path) => join(folder, path))
}

/** As GitHub makes them of headings. */
function anchorsIn(document: string): string[] {
  const headings = readFileSync(document, 'utf8').matchAll(/^#+ +(.+)$/gm)
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )
}
