/**
 * What a call costs in one media process, and how soon it answers: real process, real database, recording and voice activity on, vendors that answer
 * after fixed delays. Beside it the floors of the same run: a bare WebSocket server under the same frames for the cost, the vendors' delays alone for
 * the time.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { createAssistant } from '@phonevoice/services/assistants'
import type { Child, Usage } from './harness/child.ts'
import { cpuPercent, MEGABYTE, spreadOf } from './harness/figures.ts'
import { openProduct, type Product } from './harness/product.ts'
import type { Cell, Table } from './harness/report.ts'
import { type Run, runBenchmark } from './harness/run.ts'
import { createAnsweredCalls } from './media/answered-calls.ts'
import type { CallerFigures, Ticket } from './media/caller.ts'
import { DELAYS, FIRST_SENTENCE_WORDS, FLOOR_MS } from './media/script.ts'
import { measureSerialTurn } from './media/serial-client.ts'

const RAMP_MS = 2000
/** Callers begin over this time, about one turn, so that at any moment some speak, some listen. */
const SPREAD_MS = 7000
const FLOOR_SECONDS = 5
const SERIAL_TURNS = 12

interface Held {
  calls: number
  figures: CallerFigures
  before: Usage
  after: Usage
  idle: Usage
  generator: { before: Usage; after: Usage }
}

await runBenchmark(
  {
    name: 'media',
    settings: {
      few: { default: 20, max: 400, sentence: 'Calls at once in the first round.' },
      many: { default: 100, max: 400, sentence: 'Calls at once in the second round; 0 leaves it out.' },
      seconds: { default: 10, max: 120, sentence: 'How long each round is measured.' },
    },
  },
  async (run) => {
    const { settings, say } = run
    const product = await openProduct(run)
    const far = await product.startProcess('carrier-end', new URL('./media/carrier-end.ts', import.meta.url))
    const standInsUrl = await far.ask<string>('standInsUrl')
    const assistant = await createAssistant(product.ctx, {
      organizationId: product.seed.organizationId,
      settings: { name: 'Benchmark', first_message: null, recording: { enabled: true } },
    })
    say('a bare client on the stand-in vendors')
    const serial = spreadOf(await measureSerialTurns(standInsUrl))
    const rounds: Held[] = []
    for (const calls of [settings.few, settings.many].filter((count) => count > 0)) {
      say(`${calls} calls`)
      rounds.push(await holdCalls(run, product, far, { calls, assistantId: assistant.id, standInsUrl }))
    }
    const sockets = Math.max(settings.few, settings.many)
    say(`${sockets} bare sockets`)
    const floors = await measureFloors(run, product, far, sockets)
    return {
      tables: [
        costTable(rounds, floors),
        {
          title: 'End of speech to first audio, as the carrier sees it, ms',
          columns: [
            { key: 'what', label: '' },
            { key: 'turns' },
            { key: 'p50_ms', label: 'p50' },
            { key: 'p95_ms', label: 'p95' },
            { key: 'max_ms', label: 'max' },
            { key: 'over_floor_p50_ms', label: 'p50 over floor' },
            { key: 'unanswered' },
            { key: 'gaps' },
            { key: 'gap_ms', label: 'gap ms' },
          ],
          rows: [
            ['floor: sum of delays', null, FLOOR_MS, FLOOR_MS, FLOOR_MS, 0, null, null, null],
            [
              'floor: bare client',
              serial.count,
              serial.p50,
              serial.p95,
              serial.max,
              (serial.p50 ?? 0) - FLOOR_MS,
              null,
              null,
              null,
            ],
            ...rounds.map(toSpeedRow),
          ],
        },
      ],
      notes: [
        `floor: ${DELAYS.silenceMs} ms of silence, ${DELAYS.sttFinalMs} to the final text, ${DELAYS.llmFirstTokenMs} to the first token, ${FIRST_SENTENCE_WORDS} words at ${DELAYS.llmPerWordMs}, ${DELAYS.ttsFirstByteMs} to the first byte of the voice`,
        'cpu % is of one core per call or socket, all threads; memory is resident, less that of the same process before its first call',
        'a call receives 50 frames a second all the time and sends 10 messages of 100 ms, each with a mark, while the assistant speaks; the echo sends each frame back',
        ...furtherCalls(rounds),
        'gaps: moments within an answer when the carrier had nothing left to play; lag: 99th percentile of the event loop’s delay',
      ],
    }
  },
)

async function measureSerialTurns(standInsUrl: string): Promise<number[]> {
  const turns = Array.from({ length: SERIAL_TURNS }, async (_, index) => {
    await wait(index * 60)
    return await measureSerialTurn(standInsUrl)
  })
  return await Promise.all(turns)
}

async function holdCalls(
  { settings }: Run<{ seconds: number }>,
  product: Product,
  far: Child,
  round: { calls: number; assistantId: string; standInsUrl: string },
): Promise<Held> {
  // A process of its own for each round: memory never shrinks back to what it was.
  const media = await product.startApp('media', { SANDBOX_PROVIDERS_URL: round.standInsUrl })
  await wait(500)
  const idle = await media.usage()
  const tickets = await createAnsweredCalls(product, round.assistantId, round.calls)
  await far.ask('connect', { tickets, rampMs: RAMP_MS, spreadMs: SPREAD_MS })
  await wait(SPREAD_MS)
  const [before, generatorBefore] = await Promise.all([media.usage(), far.usage()])
  const figures = await far.ask<CallerFigures>('measure', { ms: settings.seconds * 1000 })
  const [after, generatorAfter] = await Promise.all([media.usage(), far.usage()])
  await far.ask('leave')
  await wait(1000)
  await media.stop()
  return {
    calls: round.calls,
    figures,
    before,
    after,
    idle,
    generator: { before: generatorBefore, after: generatorAfter },
  }
}

/** What a process needs once, whatever it does, is in the first calls' figures; the difference of two rounds is without it. */
function furtherCalls([few, many]: readonly Held[]): string[] {
  if (!few || !many || few.calls === many.calls) return []
  const calls = many.calls - few.calls
  const cpu = (cpuPercent(many.before, many.after) - cpuPercent(few.before, few.after)) / calls
  const memory = (many.after.rssBytes - few.after.rssBytes) / MEGABYTE / calls
  return [`each further call, between the rounds: ${cpu.toFixed(3)} % of a core and ${memory.toFixed(2)} MB`]
}

interface Floor {
  name: string
  sockets: number
  idle: Usage
  before: Usage
  after: Usage
  generator: { before: Usage; after: Usage }
}

async function measureFloors(
  run: Run<unknown>,
  product: Product,
  far: Child,
  sockets: number,
): Promise<Floor[]> {
  const floors: Floor[] = []
  for (const [path, name] of [
    ['receive', 'floor: frames received'],
    ['echo', 'floor: and sent back'],
  ] as const) {
    const bare = await product.startProcess('echo-floor', new URL('./media/echo-floor.ts', import.meta.url))
    const origin = await bare.ask<string>('origin')
    const idle = await bare.usage()
    const tickets: Ticket[] = Array.from({ length: sockets }, (_, index) => ({
      url: `${origin}/${path}`,
      token: '',
      signature: '',
      accountSid: '',
      carrierCallId: `CA${String(index).padStart(32, '0')}`,
    }))
    await far.ask('connect', { tickets, rampMs: 500, spreadMs: 1000 })
    await wait(1000)
    const [before, generatorBefore] = await Promise.all([bare.usage(), far.usage()])
    await wait(FLOOR_SECONDS * 1000)
    const [after, generatorAfter] = await Promise.all([bare.usage(), far.usage()])
    await far.ask('leave')
    await bare.stop()
    floors.push({
      name,
      sockets,
      idle,
      before,
      after,
      generator: { before: generatorBefore, after: generatorAfter },
    })
    run.say(name)
  }
  return floors
}

function costTable(rounds: readonly Held[], floors: readonly Floor[]): Table {
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
    ],
    rows: [
      ...floors.map((floor) => toCostRow(floor.name, floor.sockets, floor)),
      ...rounds.map((round) => toCostRow('media process', round.calls, round)),
    ],
  }
}

function toCostRow(name: string, calls: number, looks: Omit<Floor, 'name' | 'sockets'>): Cell[] {
  const { idle, before, after, generator } = looks
  const cpu = cpuPercent(before, after)
  return [
    name,
    calls,
    cpu / calls,
    cpu,
    (after.rssBytes - idle.rssBytes) / MEGABYTE / calls,
    after.rssBytes / MEGABYTE,
    after.lag.p99Ms,
    after.lag.maxMs,
    cpuPercent(generator.before, generator.after),
    generator.after.lag.p99Ms,
  ]
}

function toSpeedRow({ calls, figures }: Held): Cell[] {
  const { p50, p95, max, count } = spreadOf(figures.voiceToVoiceMs)
  const lost = figures.socketsLost > 0 ? `, ${figures.socketsLost} sockets lost` : ''
  return [
    `${calls} calls${lost}`,
    count,
    p50,
    p95,
    max,
    p50 === null ? null : p50 - FLOOR_MS,
    figures.unanswered,
    figures.gaps,
    figures.gapMs,
  ]
}
