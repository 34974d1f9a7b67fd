/**
 * Plays every conversation in `transcripts/` and compares what happened with what is written there. In a file, `## ` begins a conversation, `settings`
 * and `history` lines (JSON) precede its script, other lines before the first `at` are prose. `UPDATE_TRANSCRIPTS=1` writes the right sides anew: read
 * the diff as a change of behaviour, because it is one.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { TranscriptOptions } from './transcript-test.ts'
import { runTranscript, testSettings } from './transcript-test.ts'

const folder = new URL('./transcripts/', import.meta.url)
const isUpdating = process.env.UPDATE_TRANSCRIPTS === '1'

for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt'))) {
  const path = new URL(file, folder)
  const [preface = '', ...conversations] = readFileSync(path, 'utf8').split(/^(?=## )/m)
  if (isUpdating) writeFileSync(path, preface + conversations.map(retell).join(''))
  describe(file.replace('.txt', ''), () => {
    for (const conversation of conversations) {
      test(titleOf(conversation), () => {
        const { head, script } = partsOf(conversation)
        const { expected, actual } = runTranscript(script, optionsOf(head))
        expect(actual).toBe(expected)
      })
    }
  })
}

function titleOf(conversation: string): string {
  return conversation.split('\n', 1)[0]!.replace('## ', '')
}

function partsOf(conversation: string): { head: string; script: string } {
  const start = conversation.search(/^at /m)
  return { head: conversation.slice(0, start), script: conversation.slice(start) }
}

/** Settings are merged group by group with those of the tests. */
function optionsOf(head: string): TranscriptOptions {
  const read = (name: string): unknown => {
    const json = new RegExp(`^${name} (.+)$`, 'm').exec(head)?.[1]
    return json === undefined ? undefined : JSON.parse(json)
  }
  const settings: Record<string, unknown> = { ...testSettings }
  for (const [key, value] of Object.entries(read('settings') ?? {})) {
    const group = settings[key]
    const isGroup = typeof group === 'object' && group !== null && typeof value === 'object' && value !== null
    settings[key] = isGroup ? { ...group, ...value } : value
  }
  const history = read('history') as TranscriptOptions['history']
  const shownTimers = read('shown-timers') as TranscriptOptions['shownTimers']
  return { settings, ...(history && { history }), ...(shownTimers && { shownTimers }) }
}

function retell(conversation: string): string {
  const { head, script } = partsOf(conversation)
  try {
    return `${head}${runTranscript(script, optionsOf(head)).actual.split('\n').map(wrap).join('\n')}\n\n`
  } catch {
    // Left as it is: its own test says what is wrong.
    return conversation
  }
}

function wrap(line: string): string {
  const width = 118
  if (line.length <= width) return line
  const [cause = '', happened = ''] = line.split(' -> ')
  const rows = [`  -> ${happened.split(' | ')[0]}`]
  for (const effect of happened.split(' | ').slice(1)) {
    const row = `${rows.at(-1)} | ${effect}`
    if (row.length <= width) rows[rows.length - 1] = row
    else rows.push(`   | ${effect}`)
  }
  return [cause, ...rows].join('\n')
}
