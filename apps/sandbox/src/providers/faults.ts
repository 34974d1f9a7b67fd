import { z } from 'zod'

/** What can go wrong, per kind of request. `after` counts chunks of an answer, words of speech, or words heard in a transcription session. */
export const FAULT_KINDS = {
  chat: [
    /** The first token comes `delay_ms` later. */
    'slow',
    /** After `after` chunks nothing comes for `delay_ms`. */
    'stall',
    /** After `after` chunks the connection is reset. */
    'cut',
    /** Refused with `status`, `code`, `message`. */
    'status',
    /** After `after` chunks an error payload ends the stream, inside the HTTP 200. */
    'error-payload',
    /** After `after` chunks comes a line that is not JSON. */
    'malformed-chunk',
    /** The answer has a first chunk and an end, and no text. */
    'empty-choices',
    /** The usage chunk is left out although it was asked for. */
    'no-usage',
  ],
  speech: ['slow', 'stall', 'cut', 'status'],
  transcription: [
    /** The connection is refused with `status`. */
    'status',
    /** The socket is reset after `after` words. */
    'cut',
    /** No event is sent any more after `after` words. */
    'stall',
    /** An `error` event with `code` and `message` after `after` words; the session goes on. */
    'error-payload',
    /** The next committed item fails. */
    'item-failed',
    /** The next final comes `delay_ms` later. */
    'slow',
    /** The next final comes only after the one behind it. */
    'out-of-order',
  ],
} as const

export type FaultTarget = keyof typeof FAULT_KINDS
export type FaultKind = (typeof FAULT_KINDS)[FaultTarget][number]

const settings = {
  /** How many requests it strikes; null: until it is cleared. */
  times: z.number().int().min(1).nullable().default(1),
  after: z.number().int().min(0).default(0),
  /** Longest: ten minutes. */
  delay_ms: z.number().int().min(0).max(600_000).default(600_000),
  status: z.number().int().min(400).max(599).default(500),
  code: z.string().nullable().default(null),
  message: z.string().default('The sandbox was told to fail.'),
  retry_after_seconds: z.number().int().min(0).nullable().default(null),
  /** Strikes only requests whose body (or sessions whose words so far) contain this text. */
  contains: z.string().default(''),
}

export const faultSchema = z.discriminatedUnion('target', [
  z.strictObject({ target: z.literal('chat'), kind: z.enum(FAULT_KINDS.chat), ...settings }),
  z.strictObject({ target: z.literal('speech'), kind: z.enum(FAULT_KINDS.speech), ...settings }),
  z.strictObject({
    target: z.literal('transcription'),
    kind: z.enum(FAULT_KINDS.transcription),
    ...settings,
  }),
])

export type Fault = z.infer<typeof faultSchema>
/** What is written to order a fault; everything but target and kind may be left out. */
export type FaultInput = z.input<typeof faultSchema>

/** Faults waiting to strike. */
export interface FaultControl {
  /** Orders a fault. Throws `ZodError` on a bad one and `RangeError` when too many wait. */
  add(fault: FaultInput): void
  list(): readonly Fault[]
  clear(): void
  /** Takes the oldest waiting fault for this target that is of one of `kinds`, fits the text and is due after `count` units; null is the usual case. */
  take(
    target: FaultTarget,
    request: { kinds?: readonly FaultKind[]; text: string; count?: number },
  ): Fault | null
}

const WAITING_MAX = 100

export function createFaultControl(initial: readonly FaultInput[] = []): FaultControl {
  const waiting: { fault: Fault; left: number }[] = []
  const control: FaultControl = {
    add(input) {
      if (waiting.length >= WAITING_MAX) throw new RangeError(`At most ${WAITING_MAX} faults can wait.`)
      const fault = faultSchema.parse(input)
      waiting.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY })
    },
    list: () => waiting.map(({ fault }) => fault),
    clear: () => void waiting.splice(0),
    take(target, { kinds, text, count }) {
      const index = waiting.findIndex(
        ({ fault }) =>
          fault.target === target &&
          (kinds === undefined || kinds.includes(fault.kind)) &&
          (count === undefined || count >= fault.after) &&
          text.includes(fault.contains),
      )
      const found = waiting[index]
      if (!found) return null
      if (--found.left <= 0) waiting.splice(index, 1)
      return found.fault
    },
  }
  for (const fault of initial) control.add(fault)
  return control
}
