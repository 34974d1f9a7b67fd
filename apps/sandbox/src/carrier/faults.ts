import { z } from 'zod'

const common = {
  /** Only for calls to this number. */
  to: z.string().max(40).optional(),
  /** How often the fault strikes; left out: until the faults are changed. */
  times: z.number().int().min(1).max(1_000_000).optional(),
}

/** A disturbance on request. The first fault that fits an occasion strikes. */
export const faultSchema = z.discriminatedUnion('on', [
  /** Call progress callbacks, by `CallStatus` (`initiated`, `ringing`, `in-progress`, `completed` …) when given. `reorder` sends one behind its successor. */
  z.strictObject({
    on: z.literal('status-callback'),
    kind: z.enum(['lose', 'double', 'delay', 'reorder']),
    call_status: z.string().max(40).optional(),
    delay_ms: z.number().int().min(0).max(600_000).default(1000),
    ...common,
  }),
  /**
   * REST requests. `unavailable` answers 503 and does nothing; `rate-limit` answers 429; `lose-answer` does it and drops the connection;
   * `delay` waits `delay_ms` first. `operation` is method and path ending, e.g. `POST Calls.json`.
   */
  z.strictObject({
    on: z.literal('rest'),
    kind: z.enum(['unavailable', 'rate-limit', 'lose-answer', 'delay']),
    operation: z.string().max(100).optional(),
    delay_ms: z.number().int().min(0).max(600_000).default(1000),
    ...common,
  }),
  /** Media streams: `reset` cuts the socket without a close frame `after_ms` into the stream; `lose-frames` leaves out every nth frame; `refuse` never connects. */
  z.strictObject({
    on: z.literal('stream'),
    kind: z.enum(['reset', 'lose-frames', 'refuse']),
    after_ms: z.number().int().min(0).max(600_000).default(1000),
    every: z.number().int().min(2).max(1000).default(10),
    ...common,
  }),
])

export const faultsSchema = z.strictObject({ faults: z.array(faultSchema).max(100) })

export type Fault = z.infer<typeof faultSchema>
export type FaultInput = z.input<typeof faultSchema>

/** The faults in force. */
export class Faults {
  #active: { fault: Fault; left: number }[] = []

  set(faults: readonly FaultInput[]): void {
    this.#active = faults.map((input) => {
      const fault = faultSchema.parse(input)
      return { fault, left: fault.times ?? Number.POSITIVE_INFINITY }
    })
  }

  list(): Fault[] {
    return this.#active.filter(({ left }) => left > 0).map(({ fault }) => fault)
  }

  /** The fault that strikes now, counted off; null when none fits. */
  take<On extends Fault['on']>(
    on: On,
    to: string | null,
    fits: (fault: Extract<Fault, { on: On }>) => boolean = () => true,
  ): Extract<Fault, { on: On }> | null {
    for (const entry of this.#active) {
      const fault = entry.fault as Extract<Fault, { on: On }>
      if (entry.left <= 0 || fault.on !== on || (fault.to !== undefined && fault.to !== to) || !fits(fault))
        continue
      entry.left--
      return fault
    }
    return null
  }
}
