import type { CommandResult } from './command.ts'

type Cell = string | number | boolean | Date | null

/** One thing with its fields below each other; `notes` follow for people only. */
export function shown(fields: Readonly<Record<string, Cell>>, notes: readonly string[] = []): CommandResult {
  const width = Math.max(...Object.keys(fields).map((name) => name.length))
  const lines = Object.entries(fields).map(([name, value]) => `${name.padEnd(width)}  ${toText(value)}`)
  return { json: fields, lines: notes.length === 0 ? lines : [...lines, '', ...notes] }
}

/** Many things, one a line under a heading. `ifEmpty` is what to do about having none. */
export function listed(rows: readonly Readonly<Record<string, Cell>>[], ifEmpty: string): CommandResult {
  const [first] = rows
  if (!first) return { json: { data: [] }, lines: [ifEmpty] }
  const columns = Object.keys(first)
  const cells = [columns, ...rows.map((row) => columns.map((column) => toText(row[column] ?? null)))]
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index]?.length ?? 0)))
  const lines = cells.map((line) =>
    line
      .map((text, index) => text.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return { json: { data: rows }, lines }
}

function toText(value: Cell): string {
  if (value === null) return '-'
  if (value instanceof Date) return value.toISOString().slice(0, 19).replace('T', ' ')
  return String(value)
}
