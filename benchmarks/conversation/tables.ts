/** The figures of rounds as tables. */
import { cpuPercent, MEGABYTE, type Spread, spreadOf } from '../harness/figures.ts'
import type { Cell, Column, Table } from '../harness/report.ts'
import type { SocketFloor } from './floors.ts'
import { LAST_GUESS_BEFORE_END_MS } from './frames.ts'
import type { Held, Looks } from './rounds.ts'
import { earlyFloorMs, FLOOR_MS } from './script.ts'

const spreadColumns: Column[] = [
  { key: 'count' },
  { key: 'p50', label: 'p50' },
  { key: 'p95', label: 'p95' },
  { key: 'p99', label: 'p99' },
  { key: 'max', label: 'max' },
]

const spreadCells = ({ count, p50, p95, p99, max }: Spread): Cell[] => [count, p50, p95, p99, max]
const minus = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a - b)

/** A sum of delays that are always the same. */
const constant = (ms: number): Spread => ({ count: 0, p50: ms, p95: ms, p99: ms, max: ms })

export function speedTable(rounds: readonly Held[], serial: Spread): Table {
  const early = constant(earlyFloorMs(LAST_GUESS_BEFORE_END_MS))
  const row = (what: string, spread: Spread, floor: Spread, more: readonly Cell[]): Cell[] => [
    what,
    ...spreadCells(spread),
    minus(spread.p50, floor.p50),
    minus(spread.p95, floor.p50),
    ...more,
  ]
  return {
    title: 'End of speech to first audio, as the carrier sees it, ms',
    columns: [
      { key: 'what', label: '' },
      ...spreadColumns,
      { key: 'p50_over_floor', label: 'p50 over floor' },
      { key: 'p95_over_floor', label: 'p95 over floor' },
      { key: 'unanswered' },
      { key: 'gaps' },
      { key: 'gap_ms', label: 'gap ms' },
    ],
    rows: [
      row('floor: sum of delays', constant(FLOOR_MS), serial, [null, null, null]),
      row('floor: bare client', serial, serial, [null, null, null]),
      ...rounds
        .filter(({ isThinkingEarly }) => !isThinkingEarly)
        .map((held) => row(nameOf(held), spreadOf(held.figures.voiceToVoiceMs), serial, trouble(held))),
      row('floor: thinking early', early, early, [null, null, null]),
      ...rounds
        .filter(({ isThinkingEarly }) => isThinkingEarly)
        .map((held) => row(nameOf(held), spreadOf(held.figures.voiceToVoiceMs), early, trouble(held))),
    ],
  }
}

function nameOf({ calls, isThinkingEarly, figures }: Held): string {
  const lost = figures.socketsLost > 0 ? `, ${figures.socketsLost} sockets lost` : ''
  return `${calls} calls${isThinkingEarly ? ', thinking early' : ''}${lost}`
}

function trouble({ figures }: Held): Cell[] {
  return [figures.unanswered, figures.gaps, figures.gapMs]
}

export function numberTable({ calls, figures }: Held): Table {
  const numbers = figures.numbers
  return {
    title: 'A number dictated with a pause of 700 ms inside, thinking early',
    columns: [
      { key: 'calls' },
      { key: 'numbers' },
      { key: 'spoken_into', label: 'spoken into' },
      { key: 'one_answer', label: 'one answer' },
      { key: 'unanswered' },
    ],
    rows: [
      [
        calls,
        numbers.length,
        numbers.filter(({ isSpokenInto }) => isSpokenInto).length,
        numbers.filter(({ answers }) => answers === 1).length,
        figures.unanswered,
      ],
    ],
  }
}

export function interruptionTables(held: Held): Table[] {
  const { stops } = held.figures
  const depths = [...new Set(stops.map(({ afterMs }) => afterMs))].sort((a, b) => a - b)
  const of = (afterMs: number) => stops.filter((stop) => stop.afterMs === afterMs)
  const errors = (afterMs: number) =>
    of(afterMs).flatMap(({ contextErrorWords }) => (contextErrorWords === null ? [] : [contextErrorWords]))
  const rows = (toValues: (afterMs: number) => number[]) =>
    depths.map((afterMs): Cell[] => [
      `${held.calls} calls, ${afterMs / 1000} s into the answer`,
      ...spreadCells(spreadOf(toValues(afterMs))),
    ])
  return [
    {
      title: 'Beginning of an interruption to the last audible frame, ms',
      columns: [{ key: 'what', label: '' }, ...spreadColumns, ...troubleColumns],
      rows: rows((afterMs) => of(afterMs).map(({ silentAfterMs }) => silentAfterMs)).map((row) => [
        ...row,
        ...trouble(held),
      ]),
    },
    {
      title: 'Words of the answer in the next request, against the words that were played, words apart',
      columns: [
        { key: 'what', label: '' },
        ...spreadColumns,
        { key: 'too_many_max', label: 'most too many' },
        { key: 'too_few_max', label: 'most too few' },
      ],
      rows: depths.map((afterMs): Cell[] => [
        `${afterMs / 1000} s into the answer`,
        ...spreadCells(spreadOf(errors(afterMs).map(Math.abs))),
        Math.max(0, ...errors(afterMs)),
        Math.max(0, ...errors(afterMs).map((error) => -error)),
      ]),
    },
  ]
}

const troubleColumns: Column[] = [{ key: 'unanswered' }, { key: 'gaps' }, { key: 'gap_ms', label: 'gap ms' }]

export function murmurTable(held: Held): Table {
  const { murmurs } = held.figures
  return {
    title: 'What should not interrupt, 3 s into the answer',
    columns: [
      { key: 'what', label: '' },
      { key: 'count' },
      { key: 'lost_words_max', label: 'words lost, most' },
      { key: 'lost_ms_max', label: 'ms lost, most' },
      { key: 'repeated_p50_ms', label: 'ms repeated, p50' },
      { key: 'repeated_max_ms', label: 'most' },
      { key: 'paused_p50_ms', label: 'ms paused, p50' },
      { key: 'paused_max_ms', label: 'most' },
      ...troubleColumns,
    ],
    rows: (['murmur', 'noise'] as const).map((kind) => {
      const some = murmurs.filter((murmur) => murmur.kind === kind)
      const repeated = spreadOf(some.map(({ repeatedMs }) => repeatedMs))
      const paused = spreadOf(some.map(({ pausedMs }) => pausedMs))
      return [
        kind === 'murmur' ? '“Uh huh.”' : 'a noise without words',
        some.length,
        spreadOf(some.map(({ lostWords }) => lostWords)).max,
        spreadOf(some.map(({ lostMs }) => lostMs)).max,
        repeated.p50,
        repeated.max,
        paused.p50,
        paused.max,
        ...trouble(held),
      ]
    }),
  }
}

export function costTable(rounds: readonly Held[], floors: readonly SocketFloor[]): Table {
  return {
    title: 'What a call costs',
    columns: [
      { key: 'what', label: '' },
      { key: 'calls' },
      { key: 'cpu_percent_per_call', label: 'cpu %/call', digits: 3 },
      { key: 'cpu_percent', label: 'cpu %', digits: 1 },
      { key: 'memory_mb_per_call', label: 'MB/call', digits: 2 },
      { key: 'memory_mb', label: 'MB', digits: 0 },
      { key: 'lag_p99_ms', label: 'lag ms', digits: 1 },
      { key: 'lag_max_ms', label: 'max', digits: 1 },
      { key: 'generator_cpu_percent', label: 'gen cpu %', digits: 0 },
      { key: 'generator_lag_p99_ms', label: 'gen lag ms', digits: 1 },
      { key: 'generator_lag_max_ms', label: 'max', digits: 1 },
    ],
    rows: [
      ...floors.map((floor) => toCostRow(floor.name, floor)),
      ...rounds.map((held) =>
        toCostRow(held.isThinkingEarly ? 'media process, thinking early' : 'media process', held),
      ),
    ],
  }
}

/** Fewer calls than this need less memory than the process gives back in the meantime. */
const FEW_CALLS = 10

function toCostRow(name: string, { calls, idle, before, after, generator }: Looks): Cell[] {
  const cpu = cpuPercent(before, after)
  return [
    name,
    calls,
    cpu / calls,
    cpu,
    calls < FEW_CALLS ? null : (after.rssBytes - idle.rssBytes) / MEGABYTE / calls,
    after.rssBytes / MEGABYTE,
    after.lag.p99Ms,
    after.lag.maxMs,
    cpuPercent(generator.before, generator.after),
    generator.after.lag.p99Ms,
    generator.after.lag.maxMs,
  ]
}

/** What a process needs once, whatever it does, is in the first calls' figures; the difference of two rounds is without it. */
export function furtherCalls(rounds: readonly Held[]): string[] {
  const [few, many] = rounds.filter(({ calls }) => calls > 1).toSorted((a, b) => a.calls - b.calls)
  if (!few || !many || few.calls === many.calls) return []
  const calls = many.calls - few.calls
  const cpu = (cpuPercent(many.before, many.after) - cpuPercent(few.before, few.after)) / calls
  const memory = (many.after.rssBytes - few.after.rssBytes) / MEGABYTE / calls
  return [
    `each call beyond ${few.calls}, up to ${many.calls}: ${cpu.toFixed(3)} % of a core and ${memory.toFixed(2)} MB`,
  ]
}
