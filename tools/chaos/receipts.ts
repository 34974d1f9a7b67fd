/** What a receiver of webhooks wrote down, one JSON object per line. */
import { z } from 'zod'

const receiptSchema = z.object({
  /** When the request had arrived completely, Unix milliseconds. */
  received_at_ms: z.number(),
  /** The address as the sender was given it, query included. */
  url: z.string(),
  /** The body, byte for byte. */
  body: z.string(),
  /** The status that was answered; null when the connection was left without an answer. */
  status: z.number().int().nullable(),
})
/** One webhook as it arrived. */
export type Receipt = z.infer<typeof receiptSchema>

/** Reads a log. A last line that was cut when its writer was killed is left out; any other line must be whole. Throws on nonsense. */
export function parseReceipts(text: string): Receipt[] {
  const lines = text.split('\n')
  const cut = lines.pop()
  const receipts = lines.filter((line) => line !== '').map((line) => receiptSchema.parse(JSON.parse(line)))
  const last = cut ? receiptSchema.safeParse(parseOrNull(cut)) : null
  return last?.success ? [...receipts, last.data] : receipts
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
