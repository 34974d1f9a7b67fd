/** One line of what a call has used; quantities only grow. */
export interface UsageLine {
  key: string
  component: 'stt' | 'llm' | 'early_thinking' | 'tts' | 'media_stream'
  provider: string
  model: string
  unit: string
  quantity: number
  source: 'measured' | 'estimated'
}

/** Adds up what one stream of a call uses. Its keys carry the stream's id, so that two processes of one call never overwrite each other. */
export interface UsageMeter {
  add(line: Omit<UsageLine, 'key'>): void
  /** Everything so far. */
  lines(): UsageLine[]
  /** The lines that have changed since the last call. */
  takeChanged(): UsageLine[]
}

export function createUsageMeter(streamId: string): UsageMeter {
  const lines = new Map<string, UsageLine>()
  const changed = new Set<string>()
  return {
    add(line) {
      if (line.quantity <= 0) return
      const key = `${line.component}:${line.provider}:${line.model}:${line.unit}:${line.source}:${streamId}`
      const known = lines.get(key)
      if (known) known.quantity += line.quantity
      else lines.set(key, { ...line, key })
      changed.add(key)
    },
    lines: () => [...lines.values()],
    takeChanged() {
      const result = [...changed].flatMap((key) => lines.get(key) ?? [])
      changed.clear()
      return result.map((line) => ({ ...line }))
    },
  }
}
