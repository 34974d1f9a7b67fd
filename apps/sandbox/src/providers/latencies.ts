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
