/** One thing that happened on a call, as the event stream and the webhooks tell it (`docs/events.md`). */
export interface DemoEvent {
  event: string
  id: string
  sequence: number
  data: Record<string, unknown>
}

/** What the demo prints for an event; empty for those that say nothing new. Fields that are missing are left out. */
export function linesFor({ event, data }: DemoEvent): string[] {
  switch (event) {
    case 'call.queued':
      return [`queued     ${data.phone_number}`]
    case 'call.ringing':
      return [`ringing    ${data.phone_number}`]
    case 'call.started':
      return ['answered']
    case 'transcription':
      return [`${data.role === 'user' ? 'caller' : 'assistant'}`.padEnd(11) + heard(data)]
    case 'call.ended':
      return [`ended      ${data.ended_reason}, after ${data.duration_seconds} s`]
    case 'call.completed':
      return completedLines(data)
    default:
      return [event]
  }
}

function heard(data: Record<string, unknown>): string {
  return data.interrupted ? `${data.text} … (interrupted)` : String(data.text)
}

function completedLines(data: Record<string, unknown>): string[] {
  const analysis = (data.analysis ?? {}) as Record<string, unknown>
  const latency = (data.latency as { voice_to_voice_ms?: { p50: number } | null } | null)?.voice_to_voice_ms
  return [
    `completed  ${data.status}, ${data.duration_seconds} s`,
    `cost       $${Number(data.cost).toFixed(6)}`,
    ...costLines(data.cost_breakdown),
    `analysis   ${analysis.status === 'completed' ? `${analysis.sentiment}; intent: ${analysis.intent}` : analysis.status}`,
    ...(analysis.summary ? [`           ${oneLine(String(analysis.summary))}`] : []),
    ...(latency ? [`latency    ${latency.p50} ms from the end of speech to the answer (median)`] : []),
  ]
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 300 ? `${line.slice(0, 299)}…` : line
}

function costLines(breakdown: unknown): string[] {
  const lines = (breakdown ?? []) as { component: string; quantity: number; unit: string; amount: number }[]
  return lines.map((line) => {
    const amount = `$${line.amount.toFixed(6)}`
    return `             ${line.component.padEnd(13)} ${amount}   ${line.quantity} ${line.unit}`
  })
}

/** A webhook as the inbox shows it. Each verdict is one word; `valid` is the good one. */
export interface InboxWebhook {
  json: DemoEvent & { call_id: string }
  verdicts: { signature: string; standard_webhooks: string }
}

export function lineForWebhook({ json, verdicts }: InboxWebhook): string {
  const isVerified = verdicts.signature === 'valid' && verdicts.standard_webhooks === 'valid'
  const finding = isVerified
    ? 'signature verified'
    : `SIGNATURE NOT VERIFIED (${verdicts.signature}, Standard Webhooks ${verdicts.standard_webhooks})`
  return `webhook    ${json.event} #${json.sequence}: ${finding}`
}
