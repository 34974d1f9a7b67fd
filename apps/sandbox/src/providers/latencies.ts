import type { Timers } from '@phonevoice/base'

/** How long the simulated vendors take. Milliseconds. */
export interface Latencies {
  /** From request to first token. */
  llmFirstTokenMs: number
  /** Between two tokens. */
  llmPerTokenMs: number
  /** From request to first audio. */
  ttsFirstByteMs: number
  /** From commit to the final transcript. */
  sttFinalMs: number
}

/** About what the fast hosted services take. */
export const DEFAULT_LATENCIES: Latencies = {
  llmFirstTokenMs: 150,
  llmPerTokenMs: 8,
  ttsFirstByteMs: 80,
  sttFinalMs: 80,
}

/** Resolves after `ms`, or at once when `signal` aborts. 0 does not wait. */
export function pause(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = timers.after(ms, done)
    signal.addEventListener('abort', done)
  })
}
