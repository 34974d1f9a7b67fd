/** One webhook as the sandbox's inbox kept it. */
export interface Webhook {
  /** Order of arrival in the whole inbox. */
  number: number
  received_at: string
  body: string
  headers: Record<string, string>
  verdicts: { signature: string; standard_webhooks: string }
  json: {
    event: string
    call_id: string
    timestamp: number
    // biome-ignore lint/suspicious/noExplicitAny: read as a user's receiver would.
    data: any
    id: string
    sequence: number
  }
}

/** A webhook URL and what has arrived there. */
export interface WebhookBox {
  url: string
  received(): Promise<Webhook[]>
  /** The first webhook of this event; waits for it. */
  waitFor(event: string, timeoutMs: number): Promise<Webhook>
  setBehaviour(behaviour: unknown): Promise<void>
}

const LOOK_EVERY_MS = 50

export function openWebhookBox(inboxUrl: string, name: string): WebhookBox {
  const received = async (): Promise<Webhook[]> => {
    const response = await fetch(`${inboxUrl}/inbox/${name}`, { headers: { accept: 'application/json' } })
    return ((await response.json()) as { webhooks: Webhook[] }).webhooks
  }
  return {
    url: `${inboxUrl}/hooks/${name}`,
    received,
    async waitFor(event, timeoutMs) {
      const deadline = Date.now() + timeoutMs
      for (;;) {
        const webhooks = await received()
        const found = webhooks.find((webhook) => webhook.json?.event === event)
        if (found) return found
        if (Date.now() > deadline) {
          throw new Error(
            `no ${event} within ${timeoutMs} ms; arrived: ${webhooks.map((webhook) => webhook.json?.event).join(', ') || 'nothing'}`,
          )
        }
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
      }
    },
    async setBehaviour(behaviour) {
      await fetch(`${inboxUrl}/hooks/${name}/behaviour`, { method: 'PUT', body: JSON.stringify(behaviour) })
    },
  }
}
