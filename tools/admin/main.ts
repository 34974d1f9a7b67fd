/** `npm run admin -- help`: what the person who runs the deployment does by hand. Organizations, keys, carrier accounts, numbers, webhook secrets, limits, dial policies. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { runAdmin } from './run.ts'

// npm starts scripts in the project's root, an image in its working folder.
const settingsFile = path.resolve('.env')
if (existsSync(settingsFile)) process.loadEnvFile(settingsFile)

process.exitCode = await runAdmin(process.argv.slice(2), {
  env: process.env,
  stateFolder: path.resolve('.phonevoice'),
  readInput: () => text(process.stdin),
  print: (line) => console.log(line),
  complain: (line) => console.error(line),
})
