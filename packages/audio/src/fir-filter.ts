/**
 * Finite impulse response filters over 16-bit samples, eight products at a time: a WebAssembly function of some fifty instructions, because JavaScript makes
 * one product at a time and checks each access. It is the most expensive loop of a call, and this way takes a tenth.
 *
 * The function is assembled here from its instructions (WebAssembly core specification 2.0, "Binary format"; numbers in comments are its opcodes' names).
 */

/** Samples and taps lie in the function's own memory, one block after another; nothing is kept there between two calls. */
export interface FirFilter {
  /** Where taps are written before `run`, in the order of the samples they belong to. Filled up with zeros to a multiple of `TAPS_PER_STEP`. */
  readonly taps: Int16Array
  readonly input: Int16Array
  readonly output: Int16Array
  /**
   * For each of `count` outputs: the sum of the products of the taps with the samples from `inputAt` on, divided by `FIR_UNITY`, rounded, and cut to 16 bits.
   * Then `inputAt` moves on by `inputStep`, `outputAt` by `outputStep`. The sum of the taps' magnitudes must be below four times `FIR_UNITY`.
   */
  run(job: {
    tapCount: number
    inputAt: number
    inputStep: number
    outputAt: number
    outputStep: number
    count: number
  }): void
}

export const TAPS_PER_STEP = 8
/** The tap that passes a sample on as it is. Half of what 16 bits could hold, because a filter may have exactly that tap. */
export const FIR_UNITY = 16_384
export const FIR_TAPS_MAX = 8192
export const FIR_INPUT_MAX = 32_768
export const FIR_OUTPUT_MAX = 32_768

const PAGE_BYTES = 65_536
const TAPS_AT = 0
const INPUT_AT = TAPS_AT + 2 * FIR_TAPS_MAX
// Behind the last sample there is room for a step that reaches beyond it.
const OUTPUT_AT = INPUT_AT + 2 * FIR_INPUT_MAX + 2 * TAPS_PER_STEP
const PAGES = Math.ceil((OUTPUT_AT + 2 * FIR_OUTPUT_MAX) / PAGE_BYTES)

/** Parameters and variables of the function, by their index. */
const [SAMPLES, TAPS, STEPS, OUT, COUNT, IN_STRIDE, OUT_STRIDE, SAMPLE, TAP, STEP, SUM] = Array.from(
  { length: 11 },
  (_, index) => index,
) as [number, number, number, number, number, number, number, number, number, number, number]

const I32 = 0x7f
const V128 = 0x7b
const get = (variable: number) => [0x20, variable]
const set = (variable: number) => [0x21, variable]
const tee = (variable: number) => [0x22, variable]
const constant = (value: number) => [0x41, ...signed(value)]
const add = [0x6a]
const subtract = [0x6b]
const shiftRight = [0x75]
const simd = (opcode: number) => [0xfd, ...unsigned(opcode)]
const move = (variable: number, by: readonly number[]) => [...get(variable), ...by, ...add, ...set(variable)]
/** Repeats `body` while the last value it leaves is not zero. */
const loop = (...body: number[][]) => [0x03, 0x40, ...body.flat(), 0x0d, 0, 0x0b]
const countDown = (variable: number) => [...get(variable), ...constant(1), ...subtract, ...tee(variable)]
/** i32x4.extract_lane. */
const lane = (index: number) => [...get(SUM), ...simd(0x1b), index]

const filter = [
  // Variables: three numbers and a vector of four sums.
  ...[2, 3, I32, 1, V128],
  ...loop(
    [...get(SAMPLES), ...set(SAMPLE), ...get(TAPS), ...set(TAP), ...get(STEPS), ...set(STEP)],
    // v128.const 0
    [...simd(0x0c), ...new Array<number>(16).fill(0), ...set(SUM)],
    loop(
      get(SUM),
      // v128.load, twice; i32x4.dot_i16x8_s; i32x4.add
      [...get(SAMPLE), ...simd(0x00), 1, 0],
      [...get(TAP), ...simd(0x00), 4, 0],
      [...simd(0xba), ...simd(0xae), ...set(SUM)],
      [...move(SAMPLE, constant(16)), ...move(TAP, constant(16))],
      countDown(STEP),
    ),
    get(OUT),
    [...lane(0), ...lane(1), ...add, ...lane(2), ...add, ...lane(3), ...add],
    [...constant(FIR_UNITY / 2), ...add, ...constant(Math.log2(FIR_UNITY)), ...shiftRight],
    // i32x4.splat; i16x8.narrow_i32x4_s, which cuts to 16 bits; i16x8.extract_lane_s 0; i32.store16
    [...simd(0x11), ...tee(SUM), ...get(SUM), ...simd(0x85), ...simd(0x18), 0, 0x3b, 1, 0],
    [...move(SAMPLES, get(IN_STRIDE)), ...move(OUT, get(OUT_STRIDE))],
    countDown(COUNT),
  ),
  0x0b,
]

const module = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  // One type: seven numbers in, nothing out. One function of it. One memory.
  ...section(1, [1, 0x60, 7, ...new Array<number>(7).fill(I32), 0]),
  ...section(3, [1, 0]),
  ...section(5, [1, 0, ...unsigned(PAGES)]),
  ...section(7, [2, ...text('memory'), 2, 0, ...text('filter'), 0, 0]),
  ...section(10, [1, ...unsigned(filter.length), ...filter]),
])

type FilterFunction = (
  ...byteOffsetsAndCounts: [number, number, number, number, number, number, number]
) => void

/** The process's only one: it keeps nothing, and whoever uses it is done before anybody else can. */
export const firFilter: FirFilter = createFirFilter()

function createFirFilter(): FirFilter {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module))
  const { buffer } = exports.memory as { buffer: ArrayBuffer }
  const run = exports.filter as FilterFunction
  return {
    taps: new Int16Array(buffer, TAPS_AT, FIR_TAPS_MAX),
    input: new Int16Array(buffer, INPUT_AT, FIR_INPUT_MAX),
    output: new Int16Array(buffer, OUTPUT_AT, FIR_OUTPUT_MAX),
    run({ tapCount, inputAt, inputStep, outputAt, outputStep, count }) {
      if (count <= 0) return
      const steps = Math.ceil(tapCount / TAPS_PER_STEP)
      run(
        INPUT_AT + 2 * inputAt,
        TAPS_AT,
        steps,
        OUTPUT_AT + 2 * outputAt,
        count,
        2 * inputStep,
        2 * outputStep,
      )
    },
  }
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content]
}

function text(name: string): number[] {
  return [name.length, ...Buffer.from(name)]
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >> 7)]
}

/** LEB128, for numbers that are not negative: the highest bit of the last group is the sign. */
function signed(value: number): number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >> 7)]
}
