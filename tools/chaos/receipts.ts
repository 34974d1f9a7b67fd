/** What a receiver of webhooks wrote down, one JSON object per line. */
/** One webhook as it arrived. */
export interface Receipt {
  /** When the request had arrived completely, Unix milliseconds. */
  received_at_ms: number
  /** The address as the sender was given it, query included. */
  url: string
  /** The body, byte for byte. */
  body: string
  /** The status that was answered; null when the connection was left without an answer. */
  status: number | null
}

/** Reads a log. A last line that was cut when its writer was killed is left out; any other line must be whole. Throws on nonsense. */
export function parseReceipts(text: string): Receipt[] {
  const lines = text.split('\n')
  const cut = lines.pop()
  const receipts = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as unknown)
  const last = cut ? parseOrNull(cut) : null
  const all = last === null ? receipts : [...receipts, last]
  if (!all.every(isReceipt)) throw new Error('A line of the log is no receipt.')
  return all
}

function isReceipt(value: unknown): value is Receipt {
  const { received_at_ms: atMs, url, body, status } = (value ?? {}) as Partial<Receipt>
  const isStatus = status === null || typeof status === 'number'
  return typeof atMs === 'number' && typeof url === 'string' && typeof body === 'string' && isStatus
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
