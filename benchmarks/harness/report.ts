import { cpus, loadavg, totalmem } from 'node:os'

export type Cell = string | number | null

/** Figures in rows. In JSON each row is an object with the columns' keys. */
export interface Table {
  title: string
  columns: readonly Column[]
  rows: readonly (readonly Cell[])[]
}

export interface Column {
  key: string
  /** Above the column; the key unless given. */
  label?: string
  /** Digits behind the point; default 0. */
  digits?: number
}

export interface Report {
  benchmark: string
  settings: Readonly<Record<string, string | number | boolean>>
  tables: readonly Table[]
  /** What a reader must know to judge the figures. */
  notes: readonly string[]
}

export function printReport(report: Report, format: 'text' | 'json'): void {
  const machine = describeMachine()
  if (format === 'json') {
    const tables = report.tables.map((table) => ({ title: table.title, rows: toObjects(table) }))
    console.log(JSON.stringify({ ...report, machine, tables }, null, 2))
    return
  }
  const settings = Object.entries(report.settings).map(([name, value]) => `${name} ${value}`)
  console.log(`${report.benchmark}: ${settings.join(', ')}`)
  console.log(
    `machine: ${machine.cores} × ${machine.cpu}, ${machine.memoryGb} GB, Node ${machine.node}, ${machine.platform}; load before ${machine.loadBefore}, after ${machine.loadAfter}`,
  )
  for (const table of report.tables) console.log(`\n${table.title}\n${toText(table)}`)
  if (report.notes.length > 0) console.log(`\n${report.notes.map((note) => `- ${note}`).join('\n')}`)
}

/** Load of the machine before the benchmark began: whoever reads the figures wants to know who else was busy. */
const loadAtStart = loadavg()[0] ?? 0

function describeMachine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    loadBefore: Number(loadAtStart.toFixed(2)),
    loadAfter: Number((loadavg()[0] ?? 0).toFixed(2)),
  }
}

function toObjects({ columns, rows }: Table): Record<string, Cell>[] {
  return rows.map((row) =>
    Object.fromEntries(columns.map(({ key, digits }, at) => [key, round(row[at] ?? null, digits)])),
  )
}

function round(cell: Cell, digits = 0): Cell {
  return typeof cell === 'number' ? Number(cell.toFixed(digits)) : cell
}

function toText({ columns, rows }: Table): string {
  const lines = [
    columns.map(({ key, label }) => label ?? key),
    ...rows.map((row) => columns.map(({ digits }, at) => show(row[at] ?? null, digits))),
  ]
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)))
  // The first column names the row.
  const pad = (text: string, at: number) =>
    at === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[at] ?? 0)
  return lines.map((line) => `  ${line.map(pad).join('  ').trimEnd()}`).join('\n')
}

function show(cell: Cell, digits = 0): string {
  if (cell === null) return '–'
  if (typeof cell === 'string') return cell
  return cell.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}
