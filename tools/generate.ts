/** `npm run gen` writes the files that are made from the code; `--check` writes nothing and fails when one of them is stale. */
import { readFileSync, writeFileSync } from 'node:fs'
import { createDocument } from '@phonevoice/api'
import { stringify } from 'yaml'

const HEAD = '# Generated from the routes by `npm run gen`; a change here is a change of the public API.\n'

const FILES = [
  {
    path: 'openapi.yaml',
    content: HEAD + stringify(createDocument(), { lineWidth: 0, aliasDuplicateObjects: false }),
  },
]

const isCheck = process.argv.includes('--check')
for (const { path, content } of FILES) {
  const file = new URL(`../${path}`, import.meta.url)
  if (!isCheck) writeFileSync(file, content)
  else if (read(file) !== content) {
    console.error(`${path} is stale: run "npm run gen" and commit the result.`)
    process.exitCode = 1
  }
}

function read(file: URL): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
